#!/usr/bin/python3
"""Mixed traffic for SOAK_SECONDS (default 300) on the release build: checks
in batches, joins, reprints, look-ups, strangers, stanzas over a limit,
suspensions, attaching and detaching, streams that end.  Memory is flat after
the first part, and all is answered as at the beginning.
"""

import os
import random
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "../..")
os.environ["MASTHEAD_BIN"] = os.path.dirname(os.path.abspath(
    os.environ.get("MASTHEAD_BIN", ROOT + "/build/asan")))
sys.path.insert(0, ROOT + "/xmpp-tests/wire")

from component_server import Tap, WireError  # noqa: E402
from daemon_rig import (DOMAIN, Daemon, check_iq, fresh_id,  # noqa: E402
                        item)

SECONDS = float(os.environ.get("SOAK_SECONDS", "300"))
PUBLISHERS = 200
# What may come on top once every buffer and cache has had its most.
RSS_BOUND_KIB = 2048

tap = Tap()
daemon = None
random.seed(1)  # the same traffic each time
sums = {"rounds": 0, "verdicts": 0, "streams": 1}


def jid(n):
    return "p%d@example.org" % n


def checks(peer):
    """64 items: known and unknown, joins, reprints."""
    kinds = ("message", "message", "join", "subject", "correct")
    items = "".join(item(
        n, actor="%s/r%d" % (jid(random.randrange(2 * PUBLISHERS)), n),
        kind=random.choice(kinds), occupant="o%d" % random.randrange(500),
        inside="<reprint by='via' of='x@y'/>" if n % 9 == 0 else "")
        for n in range(1, 65))
    ident = fresh_id("s")
    peer.send(check_iq(items, ident))
    answer = peer.expect("id='%s'" % ident).decode()
    found = len(re.findall("<verdict ", answer))
    if found != 64:
        raise WireError("%d verdicts: %s\n%s" % (
            found, answer[:300], daemon.log_text()[-2000:]))
    sums["verdicts"] += found
    return re.findall(r"<badge [^>]*id='([^']*)'", answer)


def look_up(peer, idents):
    for ident in idents[:5]:
        iq = fresh_id("l")
        peer.send("<iq type='get' id='%s' from='a@b/c' to='%s'><badge xmlns="
                  "'urn:masthead:badge:0' id='%s'/></iq>" % (
                      iq, DOMAIN, ident))
        if b"type=\"result\"" not in peer.expect(iq).replace(b"'", b'"'):
            raise WireError("a token is not known: " + ident)


def hostile(peer):
    peer.send("".join("<message from='m%d@x/y' to='%s'><body>%d</body>"
                      "</message>" % (n, DOMAIN, n) for n in range(100)))
    peer.send("<iq type='get' id='v' from='v@x/y' to='%s'>%s%s</iq>" % (
        DOMAIN, "<a>" * 50, "</a>" * 50))
    peer.expect("id='v'", "<policy-violation ")
    peer.ping(DOMAIN)


def one_round():
    peer = daemon.peer()
    for _ in range(20):
        badges = checks(peer)
    look_up(peer, badges)
    hostile(peer)
    n = sums["rounds"] % PUBLISHERS
    daemon.attach()
    # Nobody is attached when it is changed, so that nobody is waited for.
    peer.send("<iq type='set' id='off' from='rooms.example.org' to='%s'>"
              "<detach xmlns='urn:masthead:guard:0'/></iq>" % DOMAIN)
    peer.expect("id='off'")
    daemon.ctl("publisher", "suspend", jid(n), "--reason", "soak")
    daemon.ctl("publisher", "restore", jid(n), "--reason", "soak")
    sums["rounds"] += 1
    if sums["rounds"] % 100 == 0:
        peer.close()  # the next stream after a pause
        sums["streams"] += 1


def soak():
    begun = time.monotonic()
    early_kib = None
    while time.monotonic() - begun < SECONDS:
        one_round()
        if early_kib is None and time.monotonic() - begun > SECONDS / 3:
            early_kib = daemon.rss_kib()
    late_kib = daemon.rss_kib()
    print("# %d rounds, %d verdicts, %d streams; resident %d KiB after a "
          "third, %d KiB at the end" % (sums["rounds"], sums["verdicts"],
                                        sums["streams"], early_kib, late_kib))
    if late_kib - early_kib > RSS_BOUND_KIB:
        raise WireError("grew from %d to %d KiB" % (early_kib, late_kib))


def main():
    global daemon
    with Daemon() as daemon:
        for n in range(PUBLISHERS):
            daemon.approve(jid(n), "Publisher %d" % n)
        tap.run("memory is flat after %.0f s of mixed traffic" % SECONDS, soak)
        tap.run("masthead ends well", daemon.must_end_well)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
