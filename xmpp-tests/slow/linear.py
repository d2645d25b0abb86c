#!/usr/bin/python3
"""Work is linear in the bytes: instructions, counted by callgrind, for an
attack of some size, twice and four times that.  Exact, whatever else the
machine does.
"""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "../..")
os.environ["MASTHEAD_BIN"] = os.path.dirname(os.path.abspath(
    os.environ.get("MASTHEAD_BIN", ROOT + "/build/asan")))
sys.path.insert(0, ROOT + "/xmpp-tests/wire")

from component_server import Tap, WireError  # noqa: E402
from daemon_rig import DOMAIN, Daemon, check_iq, item  # noqa: E402

tap = Tap()
# How much more than twice as much twice the bytes may cost.
SLACK = 1.15


def iq(inside):
    return "<iq type='get' id='a' from='m@x/y' to='%s'>%s</iq>" % (
        DOMAIN, inside)


# n is in bytes of the stanza, or of all stanzas, near enough.
ATTACKS = [
    ("children under the limits", lambda n: iq(
        "<a/>" * 1900) * (n // 7600)),
    ("children over the limits", lambda n: iq("<a/>" * (n // 4))),
    ("levels", lambda n: iq("<a>" * (n // 7) + "</a>" * (n // 7))),
    ("text", lambda n: iq("<a>" + "x" * n + "</a>")),
    ("references in text", lambda n: iq("<a>" + "&lt;" * (n // 4) + "</a>")),
    ("an attribute's value", lambda n: iq("<a b='" + "x" * n + "'/>")),
    ("attributes", lambda n: iq("<a%s/>" % "".join(
        " b%06d='c'" % i for i in range(n // 12)))),
    ("declarations", lambda n: iq("<a%s/>" % "".join(
        " xmlns:p%06d='urn:x'" % i for i in range(n // 24)))),
    ("a name", lambda n: iq("<" + "a" * n + "/>")),
    ("strangers", lambda n: "".join(
        "<message from='m%06d@x/y' to='%s'><body>b</body></message>" % (
            i, DOMAIN) for i in range(n // 80))),
    ("violations", lambda n: iq("<a>" * 40 + "</a>" * 40) * (n // 340)),
    ("checks of 64 items", lambda n: check_iq("".join(
        item(i, actor="u%d@example.org" % i) for i in range(1, 65)),
        "a") * (n // 10000)),
]
SIZE = 400000


def instructions(data):
    """What masthead runs for these bytes, start and end included."""
    path = "/tmp/masthead-callgrind.%d" % os.getpid()
    with Daemon(wrapper=["valgrind", "--quiet", "--tool=callgrind",
                         "--callgrind-out-file=" + path], timeout=60) as d:
        peer = d.peer(60)
        peer.send_while_receiving(data.encode())
        peer.ping(DOMAIN, timeout=120)
        d.must_end_well()
    with open(path, encoding="utf-8") as f:
        found = re.search(r"^(?:totals|summary): (\d+)", f.read(), re.M)
    os.unlink(path)
    return int(found.group(1))


def is_linear(make, nothing):
    costs = [instructions(make(SIZE * times)) - nothing for times in (1, 2, 4)]
    print("# %s instructions" % costs)
    if costs[0] <= 0:
        raise WireError("it costs nothing")
    if costs[1] > 2 * SLACK * costs[0] or costs[2] > 2 * SLACK * costs[1]:
        raise WireError("more than linear: %s" % costs)


def main():
    nothing = instructions("")
    for name, make in ATTACKS:
        tap.run(name, lambda make=make: is_linear(make, nothing))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
