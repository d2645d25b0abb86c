#!/usr/bin/python3
"""What the daemon does while another process keeps the register locked, so
that what is to be written waits: it ends well with questions open, and makes
up for what it could not write.
"""

import signal
import sqlite3
import subprocess
import sys
import threading
import time

from component_server import Tap, WireError
from daemon_rig import BIN, DOMAIN, Daemon, check_iq, item

GIVES_UP_S = 6  # the daemon waits 5 s for a lock
tap = Tap()


class Locked:
    """The register cannot be written within."""

    def __init__(self, daemon):
        self.db = sqlite3.connect(daemon.dir + "/register.db",
                                  isolation_level=None)

    def __enter__(self):
        self.db.execute("BEGIN IMMEDIATE")

    def __exit__(self, *_):
        self.db.execute("ROLLBACK")
        self.db.close()


def must(is_so, text):
    if not is_so:
        raise WireError(text)


def a_check_that_waits_is_answered_before_the_end():
    with Daemon() as daemon:
        daemon.approve("daily@example.org", "Daily Example")
        daemon.attach()
        with Locked(daemon):
            peer = daemon.peer()
            peer.send(check_iq(item(1), "waits"))
            peer.ping(DOMAIN)  # it has been read
            daemon.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
        answer = peer.expect("id='waits'")
        must(b"action='pass'" in answer and b"<badge " in answer,
             repr(answer))
        daemon.process.wait(20)
        daemon.must_end_well()


def a_change_that_waits_is_made_before_the_end():
    with Daemon() as daemon:
        daemon.approve("daily@example.org", "Daily Example")
        daemon.attach()
        with Locked(daemon):
            ctl = subprocess.Popen(
                [BIN + "/mastheadctl", "-s", daemon.dir + "/sock",
                 "publisher", "suspend", "daily@example.org", "--reason",
                 "stolen"], stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)
            time.sleep(0.3)
            daemon.process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            # An impatient supervisor must not cost the change.
            daemon.process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
        # Nobody waits for guards any more, but what is on the disk is said.
        must(ctl.wait(10) == 0, "mastheadctl does not say what was done")
        daemon.process.wait(20)
        daemon.must_end_well()
        daemon.start()
        found = daemon.ctl("publisher", "show", "daily@example.org")
        must(found["publisher"]["state"] == "suspended", repr(found))


def categories_follow_when_the_lock_is_gone():
    with Daemon() as daemon:
        with open(daemon.dir + "/masthead.yaml", encoding="utf-8") as f:
            text = f.read()
        with open(daemon.dir + "/masthead.yaml", "w", encoding="utf-8") as f:
            f.write(text.replace("\nplaces:", "\n  sport: {title: Sport, "
                                 "valid_for: 365d}\nplaces:"))
        with Locked(daemon):
            daemon.ctl("reload")
            time.sleep(GIVES_UP_S)
        daemon.ctl("publisher", "add", "daily@example.org", "--name", "Daily")
        deadline = time.monotonic() + 10
        while True:
            try:
                daemon.ctl("publisher", "approve", "daily@example.org",
                           "--category", "sport", "--reason", "known")
                break
            except WireError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
        daemon.must_end_well()


def a_guard_that_hangs_is_given_up():
    """Its probe and the waits for its recalls end with the same tick."""
    with Daemon() as daemon:
        daemon.attach()
        daemon.peer().expect("<probe ", timeout=8)
        changes = [threading.Thread(target=daemon.ctl, args=(
            "publisher", "add", "p%d@example.org" % i, "--name", "P%d" % i))
            for i in range(8)]
        time.sleep(1)
        for change in changes:  # 1 s to 3 s after the probe
            time.sleep(0.25)
            change.start()
        for change in changes:
            change.join()
        daemon.must_end_well()


def main():
    for function in (a_check_that_waits_is_answered_before_the_end,
                     a_change_that_waits_is_made_before_the_end,
                     categories_follow_when_the_lock_is_gone,
                     a_guard_that_hangs_is_given_up):
        tap.run(function.__name__.replace("_", " "), function)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
