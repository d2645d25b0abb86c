#!/usr/bin/python3
"""A corrected secret is tried as soon as it has been read, and what the server
says about the connection comes with what to do."""

import os
import sys
import time

from component_server import Tap, WireError
from daemon_rig import Daemon

tap = Tap()


def must(is_so, text):
    if not is_so:
        raise WireError(text)


def refuse(daemon, condition):
    """Ends the stream; the next one is answered with an error."""
    raw = daemon.next_raw()
    raw.expect_header()
    raw.send("<?xml version='1.0'?><stream:stream xmlns='jabber:component:"
             "accept' xmlns:stream='http://etherx.jabber.org/streams' id='1'>"
             "<stream:error><%s xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
             "</stream:error></stream:stream>" % condition)
    raw.close()


def wait_for_log(daemon, text):
    end = time.monotonic() + daemon.timeout
    while text not in daemon.log_text():
        must(time.monotonic() < end, "%r is not in the log:\n%s" % (
            text, daemon.log_text()))
        time.sleep(0.1)


def corrected(daemon):
    daemon.server.secret = b"another"
    daemon.peer().close()
    try:
        daemon.server.accept(daemon.timeout)
        raise WireError("the old secret is good")
    except WireError as e:
        must("a wrong handshake" in str(e), str(e))
    wait_for_log(daemon, "secret-refused")
    with open(os.path.join(daemon.dir, "secret"), "w",
              encoding="ascii") as f:
        f.write("another\n")
    before = time.monotonic()
    daemon.ctl("reload")
    daemon.peer()
    # Without the reload it would be a minute.
    must(time.monotonic() - before < 15, "it came late")


def hinted(daemon, condition, hint):
    refuse(daemon, condition)
    wait_for_log(daemon, hint)
    problems = daemon.ctl("status", status=(0, 3))["problems"]
    must(any(hint in p for p in problems), repr(problems))
    daemon.peer()


def main():
    with Daemon() as daemon:
        tap.run("a corrected secret is tried at once",
                lambda: corrected(daemon))
        tap.run("host-unknown: the server's configuration",
                lambda: hinted(daemon, "host-unknown",
                               "the server has no component"))
        tap.run("conflict: another program",
                lambda: hinted(daemon, "conflict", "another program"))
        tap.run("masthead ends well", daemon.must_end_well)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
