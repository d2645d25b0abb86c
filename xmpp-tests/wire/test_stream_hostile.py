#!/usr/bin/python3
"""Hostile XML on the component's stream, as its server passes it on or says
it itself.

Before and after each attack a guard's check must be answered right, on the
same stream or, after what no XML stream survives, on the next one.  A stanza
over a limit is refused exactly once.  Work is counted by the parser's events
and bytes, never timed; memory is the parser's peak and the process's.
"""

import sys

from component_server import Tap, WireError
from daemon_rig import (DOMAIN, GUARD, Daemon, check_iq, fresh_id, item)

OUTSIDER = "mallory@evil.example/x"
STANZA_MAX = 262144
ELEMENTS_MAX = 2000
# What the parser may hold: a tag of 256 KiB, and the buffers around it.
MEMORY_BOUND = 4 << 20
# What the process may grow by, under a sanitizer that multiplies memory.
RSS_BOUND_KIB = 48 * 1024

tap = Tap()
daemon = None


def ask(split=None):
    """A check by a guard: one who may post, one who may not."""
    ident = fresh_id("ask")
    peer = daemon.peer()
    peer.send(check_iq(item(1) + item(2, actor="alice@example.org"), ident),
              split=split)
    answer = peer.expect("id='%s'" % ident, "<verdicts ")
    for part in (b"action='pass' n='1'", b"action='refuse' n='2'",
                 b"reason='not-registered'"):
        if part not in answer:
            raise WireError("a wrong verdict: %r" % answer)


def must(is_so, text):
    if not is_so:
        raise WireError(text)


class Measured:
    """Counts what the attack within costs."""

    def __enter__(self):
        ask()
        self.before = daemon.costs()
        self.rss_kib = daemon.rss_kib()
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            return
        ask()
        after = daemon.costs()
        self.cost = {k: after[k] - self.before[k] for k in after}
        grown = daemon.rss_kib() - self.rss_kib
        must(grown < RSS_BOUND_KIB, "grew by %d KiB" % grown)
        must(after["memory_peak"] < MEMORY_BOUND,
             "the parser took %d bytes" % after["memory_peak"])
        # The shortest event that there is, <a/>, has four bytes and two
        # events; nothing is parsed twice.
        must(self.cost["parsed"] <= self.cost["bytes"], str(self.cost))
        must(self.cost["events"] <= self.cost["bytes"] / 2, str(self.cost))
        must(daemon.process.poll() is None, "masthead ended")


def stanza(inside, attrs="", ident="a", name="iq", sender=OUTSIDER):
    return ("<%s type='%s' id='%s' from='%s' to='%s'%s>%s</%s>" % (
        name, "get" if name == "iq" else "chat", ident, sender, DOMAIN, attrs,
        inside, name))


def refused_once(data, ident, events=None):
    """An attack that is one stanza over a limit: the stream lives on."""
    with Measured() as m:
        peer = daemon.peer()
        peer.send_while_receiving(data.encode())
        answer = peer.expect("id='%s'" % ident)
        must(b"<policy-violation " in answer and b" type='error'" in answer
             and ("to='%s'" % OUTSIDER).encode() in answer, repr(answer))
        peer.ping(DOMAIN)
        peer.expect_nothing(0.1, but=[b"urn:masthead:guard:0"])
        must(peer is daemon.peer(), "the stream ended")
    must(m.cost["violations"] == 1, str(m.cost))
    if events is not None:
        must(m.cost["events"] <= events, str(m.cost))
    return m.cost


def ends_stream(data):
    """What no stream survives: it ends, and the next one serves."""
    daemon.restart()  # or it waits longer and longer to connect again
    with Measured():
        peer = daemon.peer()
        try:
            peer.send(data)
        except OSError:
            pass  # it closed before it had all
        must(peer.wait_closed(), "the stream goes on")
        must(daemon.peer() is not peer, "no new stream")


def children():
    refused_once(stanza("<a/>" * 65000), "a", events=2 * ELEMENTS_MAX + 100)


def children_twice_as_many():
    small = refused_once(stanza("<a/>" * 65000), "a")
    large = refused_once(stanza("<a/>" * 130000), "a")
    must(large["events"] <= small["events"] + 8, "%s %s" % (small, large))
    must(large["parsed"] <= 2.2 * small["parsed"], "%s %s" % (small, large))


def levels():
    refused_once(stanza("<a>" * 100000 + "</a>" * 100000), "a", events=200)


def levels_of_namespaces():
    refused_once(stanza("".join("<p%d:a xmlns:p%d='urn:%d'>" % (i, i, i)
                                for i in range(5000)) + "".join(
        "</p%d:a>" % i for i in reversed(range(5000)))), "a", events=200)


def text():
    refused_once(stanza("<a>" + "x" * (10 << 20) + "</a>"), "a")


def text_of_references():
    refused_once(stanza("<a>" + "&lt;" * 500000 + "</a>"), "a")


def attribute_value():
    refused_once(stanza("<a b='" + "x" * (10 << 20) + "'/>"), "a", events=100)


def name():
    refused_once(stanza("<" + "a" * (1 << 20) + "/>"), "a", events=100)


def attributes():
    refused_once(stanza("<a" + "".join(" b%d='c'" % i for i in range(10000)) +
                        "/>"), "a", events=100)


def attributes_with_one_hash():
    """Names that collide in a careless hash make set-up quadratic."""
    refused_once(stanza("<a" + "".join(
        " %s='c'" % "".join("aB"[i >> k & 1] for k in range(14))
        for i in range(10000)) + "/>"), "a", events=100)


def declarations():
    refused_once(stanza("<a" + "".join(
        " xmlns:p%d='urn:x'" % i for i in range(10000)) + "/>"), "a",
        events=100)


def namespace_name():
    refused_once(stanza("<a xmlns='urn:" + "x" * 100000 + "'/>"), "a",
                 events=100)


def in_stanza_tag():
    """The stanza's own tag is over a limit, addresses ahead of it."""
    refused_once(stanza("", "".join(" b%d='c'" % i for i in range(10000))),
                 "a", events=100)


def messages_and_presences():
    for kind in ("message", "presence"):
        data = stanza("<a/>" * 65000, name=kind)
        if kind == "presence":
            data = data.replace(" type='chat'", "", 1)
        refused_once(data, "a")


def of_a_guard():
    """A listed host's check over a limit is refused alone, too."""
    with Measured():
        peer = daemon.peer()
        peer.send_while_receiving(check_iq(item(
            1, inside="<x/>" * 2500), "big").encode())
        must(b"<policy-violation " in peer.expect("id='big'"), "no refusal")


def errors_are_not_answered():
    """Over a limit, but itself an error or a result: counted, not answered."""
    with Measured() as m:
        peer = daemon.peer()
        for kind in ("error", "result"):
            peer.send_while_receiving(stanza("<a/>" * 3000).replace(
                "type='get'", "type='%s'" % kind, 1).encode())
        peer.ping(DOMAIN)
        must(peer is daemon.peer(), "the stream ended")
        peer.expect_nothing(0.2, but=[b"urn:masthead:guard:0"])
    must(m.cost["violations"] == 2, str(m.cost))


def thousand_refusals():
    """As many refusals as attacks, each to its own sender and id."""
    wanted = {"v%d" % i for i in range(1000)}
    with Measured() as m:
        peer = daemon.peer()
        peer.send_while_receiving("".join(stanza(
            "<a>" * 40 + "</a>" * 40, ident=i,
            sender="m%s@evil.example" % i) for i in sorted(wanted)).encode())
        peer.ping(DOMAIN)
    must(m.cost["violations"] == 1000, str(m.cost))


def each_is_answered_once():
    idents = ["v%d" % i for i in range(500)]
    peer = daemon.peer()
    peer.send("".join(stanza("<a>" * 40 + "</a>" * 40, ident=i)
                      for i in idents))
    for ident in idents:
        answer = peer.receive()
        while b"urn:masthead:guard:0" in answer:
            answer = peer.receive()
        must(("id='%s'" % ident).encode() in answer and
             b"<policy-violation " in answer, repr(answer))
    peer.expect_nothing(0.2, but=[b"urn:masthead:guard:0"])


def split_everywhere():
    for _ in range(3):
        ask(split=1)


def split_at_each_byte():
    """Two segments, cut at every place that there is in a check."""
    data = check_iq(item(1), "cut")
    peer = daemon.peer()
    for at in range(1, len(data), 7):
        peer.send(data[:at])
        peer.send(data[at:])
        must(b"action='pass'" in peer.expect("id='cut'"), "cut at %d" % at)


def violation_split():
    data = stanza("<a>" * 60 + "</a>" * 60, ident="slow").encode()
    with Measured() as m:
        peer = daemon.peer()
        peer.send(data, split=1)
        must(b"<policy-violation " in peer.expect("id='slow'"), "no refusal")
    must(m.cost["violations"] == 1, str(m.cost))


def never_ends():
    """32 MiB of one stanza: refused when it is over the limit, not stored;
    the control socket still answers, and the next stream serves."""
    with Measured() as m:
        peer = daemon.peer()
        peer.send_while_receiving(
            stanza("", ident="endless").replace("</iq>", "<a>").encode() +
            b"<b>more</b>" * (3 << 20))
        must(b"<policy-violation " in peer.expect("id='endless'"),
             "no refusal")
        must(daemon.rss_kib() - m.rss_kib < RSS_BOUND_KIB, "it is stored")
        must(daemon.costs()["violations"] == m.before["violations"] + 1,
             "not counted once")
        peer.close()
    must(m.cost["events"] < 4 * ELEMENTS_MAX, str(m.cost))


def stops_in_the_middle():
    """Half a stanza and then nothing: what waits is bounded, too."""
    with Measured():
        peer = daemon.peer()
        peer.send("<iq type='get' id='half' from='%s' to='%s'><a b='" % (
            OUTSIDER, DOMAIN) + "x" * 200000)
        peer.expect_nothing(0.3, but=[b"urn:masthead:guard:0"])
        peer.close()


def prefixed_sender():
    """Attributes of other namespaces say nothing about who asks."""
    with Measured():
        peer = daemon.peer()
        for n, attrs in enumerate((
                "from='%s' e:from='rooms.example.org'" % OUTSIDER,
                "e:from='rooms.example.org' from='%s'" % OUTSIDER,
                "e:from='rooms.example.org' e:type='set' from='%s'"
                % OUTSIDER)):
            peer.send("<iq xmlns:e='urn:evil' type='set' id='e%d' to='%s' %s>"
                      "<check %s>%s</check></iq>" % (n, DOMAIN, attrs, GUARD,
                                                     item(1)))
            answer = peer.expect("id='e%d'" % n)
            must(b"<forbidden " in answer and b"verdict" not in answer and
                 ("to='%s'" % OUTSIDER).encode() in answer, repr(answer))


def prefixed_sender_alone():
    """Without a sender there is nobody to answer."""
    with Measured():
        peer = daemon.peer()
        peer.send("<iq xmlns:e='urn:evil' type='set' id='alone' to='%s' "
                  "e:from='rooms.example.org'><check %s>%s</check></iq>" % (
                      DOMAIN, GUARD, item(1)))
        try:
            answer = peer.expect("id='alone'", timeout=0.5)
        except WireError:
            return
        must(b"verdict" not in answer, repr(answer))


def prefixed_item():
    """e:actor is no actor: the check is broken, not somebody else's."""
    peer = daemon.peer()
    peer.send(check_iq("<item xmlns:e='urn:evil' n='1' kind='message' "
                       "place='1' room='newsroom' e:actor='daily@example.org'"
                       "/>", "ea"))
    must(b"<bad-request " in peer.expect("id='ea'"), "it has an actor")


def text_between_stanzas():
    """RFC 6120 knows white space only there; the rest is read past."""
    with Measured() as m:
        peer = daemon.peer()
        peer.send_while_receiving(b"hello " * (2 << 20))
        must(peer is daemon.peer(), "the stream ended")
    must(m.cost["violations"] <= 1, str(m.cost))


def outsiders():
    """20,000 stanzas of strangers, the guard's checks in between."""
    count = 20000
    with Measured() as m:
        peer = daemon.peer()
        for block in range(10):
            peer.send_while_receiving("".join(stanza(
                "<body>hello %d</body>" % i, ident="o%d" % i, name="message",
                sender="u%d@evil.example/r" % i) for i in range(
                    block * count // 10, (block + 1) * count // 10)).encode())
            ask()  # drops what was answered to strangers
        must(peer is daemon.peer(), "the stream ended")
    must(m.cost["violations"] == 0 and m.cost["stanzas"] >= count,
         str(m.cost))


def before_handshake(data):
    """Said in place of a stream header, or after it: nobody is served on a
    stream that is not authenticated, and the next one is."""
    daemon.restart()
    with Measured():
        peer = daemon.next_raw()
        try:
            peer.send(data)
        except OSError:
            pass
        must(peer.wait_closed(), "it goes on")
        must(not any(b"verdict" in s for s in peer.stanzas), "it answered")


HEAD = ("<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept'"
        " xmlns:stream='http://etherx.jabber.org/streams' ")
BEFORE_HANDSHAKE = [
    ("garbage", b"\x00\xff\xfe\x01 garbage"),
    ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ("HTML", b"<html><body>no</body></html>"),
    ("a DOCTYPE", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]>"),
    ("a client's stream", HEAD.replace("component:accept", "client") + ">"),
    ("a huge id", HEAD + "id='" + "x" * (4 << 20)),
    ("10,000 attributes", HEAD + "".join(
        "a%d='b' " % i for i in range(10000))),
    ("endless white space", HEAD + " " * (4 << 20)),
    ("a check", HEAD + "id='1' from='%s'>%s" % (
        DOMAIN, check_iq(item(1), "early"))),
]
ENDING = [
    ("a DOCTYPE", "<!DOCTYPE a>"),
    ("a DOCTYPE inside a stanza", "<message><!DOCTYPE a></message>"),
    ("an entity bomb", "<!DOCTYPE a [<!ENTITY a0 'ha'>" + "".join(
        "<!ENTITY a%d '&a%d;&a%d;'>" % (i + 1, i, i) for i in range(40)) +
     "]><a>&a40;</a>"),
    ("an entity that nobody declared", stanza("&a40;")),
    ("an external entity", "<!DOCTYPE a [<!ENTITY b SYSTEM "
     "'file:///etc/passwd'>]><a>&b;</a>"),
    ("a comment", "<!-- hello -->"),
    ("a comment inside a stanza", stanza("<a><!-- hello --></a>")),
    ("a processing instruction", "<?php 1 ?>"),
    ("an instruction inside a stanza", stanza("<a><?php 1 ?></a>")),
    ("invalid UTF-8", b"<message>\xc3\x28\xff</message>"),
    ("an overlong NUL", b"<message>\xc0\x80</message>"),
    ("a UTF-16 surrogate", b"<message>\xed\xa0\x80</message>"),
    ("a control character", "<message>\x01</message>"),
    ("a reference to NUL", "<message>&#0;</message>"),
    ("an unknown prefix", stanza("<x:a/>")),
    ("an attribute with an unknown prefix", stanza("<a x:b='c'/>")),
    ("an attribute twice", stanza("<a b='1' b='2'/>")),
    ("an attribute twice by namespace",
     stanza("<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>")),
    ("tags that do not match", stanza("<a></b>")),
    ("an end tag too many", "</a>"),
    ("the end of the stream", "</stream:stream>"),
    ("an error of the stream", "<stream:error><conflict xmlns='urn:ietf:params"
     ":xml:ns:xmpp-streams'/></stream:error></stream:stream>"),
]
LIVING = [children, children_twice_as_many, levels, levels_of_namespaces,
          text, text_of_references, attribute_value, name, attributes,
          attributes_with_one_hash, declarations, namespace_name,
          in_stanza_tag, messages_and_presences, of_a_guard,
          errors_are_not_answered, thousand_refusals, each_is_answered_once,
          split_everywhere, split_at_each_byte, violation_split, never_ends,
          stops_in_the_middle, prefixed_sender, prefixed_sender_alone,
          prefixed_item, text_between_stanzas, outsiders]


def main():
    global daemon
    with Daemon() as daemon:
        daemon.approve("daily@example.org", "Daily Example")
        daemon.peer().expect("<message ", "to='daily@example.org'")
        for function in LIVING:
            tap.run(function.__name__.replace("_", " "), function)
        for label, data in ENDING:
            tap.run(label, lambda data=data: ends_stream(data))
        for label, data in BEFORE_HANDSHAKE:
            tap.run("before the handshake: " + label,
                    lambda data=data: before_handshake(data))
        tap.run("and masthead ends well, without a word of a sanitizer",
                daemon.must_end_well)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
