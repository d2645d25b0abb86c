#!/usr/bin/python3
"""Who may ask what, on the wire: the guard protocol against masthead, from
listed hosts, from others, and broken in each way that there is.

Every case is followed by a check that must be answered right.
"""

import re
import sys

from component_server import Tap, WireError
from daemon_rig import (DOMAIN, GUARD, ROOMS, Daemon, check_iq, fresh_id,
                        item)

OTHER = "rooms.example.net"
tap = Tap()
daemon = None


def must(is_so, text):
    if not is_so:
        raise WireError(text)


def ask_well():
    answer = ask(item(1))
    must("action='pass' n='1' lease='300'" in answer, answer)


def send_iq(payload, kind="set", host=ROOMS):
    ident = fresh_id("i")
    peer = daemon.peer()
    peer.send_while_receiving((
        "<iq type='%s' id='%s' from='%s' to='%s'>%s</iq>" % (
            kind, ident, host, DOMAIN, payload)).encode())
    return peer.expect("id='%s'" % ident).decode()


def ask(items, host=ROOMS, kind="set"):
    return send_iq("<check %s>%s</check>" % (GUARD, items), kind, host)


def refused(answer, kind, condition):
    must("type='error'" in answer and "<error type='%s'><%s " % (
        kind, condition) in answer and "verdict" not in answer, answer)


def case(name, function):
    """Run between two good checks, on one stream."""
    def run():
        ask_well()
        peer = daemon.peer()
        function()
        ask_well()
        must(peer is daemon.peer(), "the stream ended")
    tap.run(name, run)


# Who asks.  A user's IQ, a room's, one of a host whose name only looks like a
# listed one.
STRANGERS = ["evil.example", "mallory@example.org/x", "mallory@" + ROOMS,
             ROOMS + "/x", "newsroom@%s/Daily" % ROOMS, "x" + ROOMS,
             ROOMS + ".evil.example", "example.org", DOMAIN]
REQUESTS = [("check", "set", "<check %s>%s</check>" % (GUARD, item(1))),
            ("attach", "get", "<attach %s server='x'/>" % GUARD),
            ("detach", "set", "<detach %s/>" % GUARD),
            ("recall", "set", "<recall %s epoch='x' serial='1'/>" % GUARD),
            ("something new", "set", "<new %s/>" % GUARD)]


def strangers():
    for host in STRANGERS:
        for what, kind, payload in REQUESTS:
            def run(host=host, kind=kind, payload=payload):
                refused(send_iq(payload, kind, host), "auth", "forbidden")
            case("%s by %s is forbidden" % (what, host), run)


def strangers_answer_nothing():
    """Answers to Masthead's own IQs count from whom they were asked."""
    peer = daemon.peer()
    for host in STRANGERS:
        for ident in range(1, 40):
            for kind in ("result", "error"):
                peer.send("<iq type='%s' id='r%d' from='%s' to='%s'/>"
                          "<iq type='%s' id='p%d' from='%s' to='%s'/>" % (
                              kind, ident, host, DOMAIN, kind, ident, host,
                              DOMAIN))
    guards = {g["host"]: g for g in daemon.ctl("guards")["guards"]}
    must(guards[ROOMS]["attached"], str(guards))


def other_hosts_place():
    for host, place, room in ((OTHER, 1, "newsroom"), (ROOMS, 3, "plaza")):
        refused(ask(item(1, place=place, room=room), host), "auth",
                "forbidden")


def other_hosts_place_in_a_batch():
    refused(ask(item(1) + item(2, place=3, room="plaza") + item(3)), "auth",
            "forbidden")


def other_hosts_room_by_own_place():
    """The place is the host's own, the room is none that it covers."""
    answer = ask(item(1, room="elsewhere") + item(2))
    must("n='1'" not in answer and "action='pass' n='2'" in answer, answer)


def unknown_place():
    answer = ask(item(1, place=999) + item(2))
    must("n='1'" not in answer and "action='pass' n='2'" in answer, answer)


def bad_actor():
    for actor in ("@example.org", "daily@", "da ily@example.org", "\u2603@@",
                  "@", "/x", "a@b@c"):
        answer = ask(item(1, actor=actor) + item(2))
        must("n='1'" not in answer and "action='pass' n='2'" in answer,
             answer)


def actor_is_prepared():
    answer = ask(item(1, actor="DAILY@Example.ORG/x"))
    must("action='pass' n='1'" in answer and "<badge " in answer, answer)


NS = "xmlns='urn:masthead:guard:0'"
BAD = [
    ("no number", item(1).replace(" n='1'", "")),
    ("number 0", item(0)), ("a number too large", item(2**31)),
    ("a negative number", item(-1)), ("no digits", item("1x")),
    ("one number twice", item(1) + item(1)),
    ("one number twice, apart", item(5) + item(9) + item(5)),
    ("an unknown kind", item(1, kind="whisper")),
    ("kind publish", item(1, kind="publish")), ("no kind", item(1, kind=None)),
    ("no place", item(1, place=None)), ("place 0", item(1, place=0)),
    ("no room", item(1, room=None)), ("no actor", item(1, actor=None)),
    ("an empty actor", item(1, actor="")),
    ("encrypted: perhaps", item(1, encrypted="perhaps")),
    ("a reprint of no kind", item(1, inside="<reprint of='a@b'/>")),
    ("a reprint of an unknown kind", item(1, inside="<reprint by='magic'/>")),
    ("a label without a term", item(1, inside="<label/>")),
    ("no items", ""), ("only what is unknown", "<new/>"),
    ("an item of another namespace", "<item xmlns='urn:evil' n='1'/>"),
    ("one bad item of 64", "".join(item(n) for n in range(1, 64)) +
     item(64, actor=None)),
]
TOO_MUCH = [
    ("65 items", "".join(item(n) for n in range(1, 66))),
    ("9 reprints", item(1, inside="<reprint by='via'/>" * 9)),
    ("9 labels", item(1, inside="<label term='a'/>" * 9)),
    ("an attribute of 1025 bytes", item(1, nick="x" * 1025)),
    ("512 letters of two bytes and one more", item(1, nick="ä" * 512 + "x")),
    ("a term of 1025 bytes", item(1, inside="<label term='%s'/>" % (
        "x" * 1025))),
    ("over 64 KiB", "".join(item(n, nick="x" * 1024, lang="y" * 1000)
                            for n in range(1, 40))),
    ("2,001 elements", item(1, inside="<x/>" * 2001)),
    ("33 levels", item(1, inside="<x>" * 33 + "</x>" * 33)),
    ("65 attributes", "<item %s/>" % " ".join(
        "a%d='b'" % n for n in range(65))),
]
GOOD = [
    ("64 items", "".join(item(n) for n in range(1, 65)), 64),
    ("8 reprints and 8 labels", item(1, inside="<reprint by='via'/>" * 8 +
                                     "<label term='a'/>" * 8), 1),
    ("an attribute of 1024 bytes", item(1, nick="x" * 1024), 1),
    ("the largest number", item(2**31 - 1), 1),
    ("unknown attributes and elements", item(
        1, shoe="44", inside="<new><label term='x'/></new>") + "<new/>", 1),
    ("numbers that fall", item(3) + item(2) + item(1), 3),
]


def limits():
    for name, items in BAD:
        case("%s: bad-request" % name, lambda items=items: refused(
            ask(items), "modify", "bad-request"))
    for name, items in TOO_MUCH:
        case("%s: policy-violation" % name, lambda items=items: refused(
            ask(items), "modify", "policy-violation"))
    for name, items, count in GOOD:
        def run(items=items, count=count):
            answer = ask(items)
            must(len(re.findall("<verdict ", answer)) == count, answer)
        case("%s: answered" % name, run)


def wrong_type():
    refused(ask(item(1), kind="get"), "modify", "bad-request")
    refused(send_iq("<attach %s/>" % GUARD, "set"), "modify", "bad-request")
    refused(send_iq("<detach %s/>" % GUARD, "get"), "modify", "bad-request")


def two_payloads():
    one = "<check %s>%s</check>" % (GUARD, item(1))
    refused(send_iq(one + one), "modify", "bad-request")
    refused(send_iq(one + "<x xmlns='urn:x'/>"), "modify", "bad-request")


def bad_alone_then_item_by_item():
    """What a guard does with a batch that was refused whole."""
    items = [item(n) for n in (1, 2)] + [item(1, inside="<x/>" * 2000)]
    refused(ask("".join(items[:2]) + item(3, inside="<x/>" * 2000)),
            "modify", "policy-violation")
    outcomes = [ask(i) for i in items]
    must(all("action='pass'" in o for o in outcomes[:2]), str(outcomes))
    refused(outcomes[2], "modify", "policy-violation")


def answers_need_no_order():
    """1,000 checks in one go: each is answered, once."""
    peer = daemon.peer()
    idents = ["m%d" % n for n in range(1000)]
    peer.send_while_receiving("".join(
        check_iq(item(1), i) for i in idents).encode())
    left = set(idents)
    while left:
        answer = peer.receive().decode()
        ident = re.search(r" id='([^']*)'", answer).group(1)
        if "<verdicts " in answer:
            must(ident in left, "%s was answered twice" % ident)
            left.remove(ident)


def not_an_iq():
    """In a message, the protocol is nothing."""
    peer = daemon.peer()
    peer.send("<message from='%s' to='%s' id='mm'><check %s>%s</check>"
              "</message>" % (ROOMS, DOMAIN, GUARD, item(1)))
    answer = peer.expect("mm", "service-unavailable").decode()
    must("verdict" not in answer, answer)


def recall_until_answered():
    """Sent again after 2 s with its ID; answered, never more."""
    daemon.attach()
    peer = daemon.peer()
    daemon.ctl("publisher", "suspend", "wire@example.org", "--reason", "x")
    first = peer.expect("<recall ", "actor='wire@example.org'",
                        "to='%s'" % ROOMS)
    ident = re.search(rb" id='([^']*)'", first).group(1).decode()
    again = peer.expect("<recall ", "id='%s'" % ident, timeout=5)
    must(first == again, "%r %r" % (first, again))
    peer.send("<iq type='result' id='%s' from='%s' to='%s'/>" % (
        ident, ROOMS, DOMAIN))
    peer.ping(DOMAIN)
    peer.stanzas.clear()
    try:
        peer.expect("<recall ", "to='%s'" % ROOMS, timeout=3)
    except WireError:
        return
    raise WireError("it is sent again after it was answered")


def detach():
    daemon.attach()
    answer = send_iq("<detach %s/>" % GUARD)
    must("type='result'" in answer, answer)
    guards = {g["host"]: g for g in daemon.ctl("guards")["guards"]}
    must(not guards[ROOMS]["attached"], str(guards))
    daemon.attach()


FUNCTIONS = [strangers_answer_nothing, other_hosts_place,
             other_hosts_place_in_a_batch, other_hosts_room_by_own_place,
             unknown_place, bad_actor, actor_is_prepared, wrong_type,
             two_payloads, bad_alone_then_item_by_item,
             answers_need_no_order, not_an_iq, recall_until_answered, detach]
PLACES = """\
  - {room: newsroom@rooms.example.org, publish: [news], reprint: [news]}
  - {room: lobby@rooms.example.org, publish: [news]}
  - {room: plaza@rooms.example.net, publish: [news]}
"""


def main():
    global daemon
    with Daemon(places=PLACES) as daemon:
        daemon.approve("daily@example.org", "Daily Example")
        daemon.approve("wire@example.org", "Wire Agency")
        daemon.attach()
        strangers()
        limits()
        for function in FUNCTIONS:
            case(function.__name__.replace("_", " "), function)
        tap.run("masthead ends well", daemon.must_end_well)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
