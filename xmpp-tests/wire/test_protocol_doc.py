#!/usr/bin/python3
"""Replays the conversation in docs/PROTOCOL.md against masthead.

Its indented blocks are, in order: the places of the configuration, lines
with `$ mastheadctl`, and stanzas.  A stanza from the component is expected,
any other is sent.  Expected stanzas are compared in canonical form; what
differs from run to run (a value with an ellipsis, a serial, the ID of an IQ
of Masthead's) is bound when it is first seen, and must be the same after.
"""

import os
import re
import shlex
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

from component_server import Cutter, Tap, WireError
from daemon_rig import BIN, DOMAIN, Daemon

DOC = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                   "../../docs/PROTOCOL.md")
GUARDS = ("rooms.example.org", "rooms.example.net", "pubsub.example.org",
          "example.org")
# So long a stanza of Masthead's own may take: a probe comes every 5 s.
TIMEOUT = 12.0


def blocks(text):
    """Runs of indented lines."""
    found = re.findall(r"(?:^    .*\n)+", text, re.M)
    return [re.sub(r"^    ", "", b, flags=re.M) for b in found]


def stanzas(block):
    cutter = Cutter()
    cutter.header = b"none"
    return [s.decode() for s in cutter.feed(block.encode())]


def local(tag):
    return tag.rsplit("}", 1)[-1]


class Bindings:
    """What the document's placeholders mean in this run."""

    def __init__(self):
        self.real = {}  # (kind, placeholder) -> value

    def same(self, kind, told, got):
        known = self.real.setdefault((kind, told), got)
        if known == got and not any(
                k[0] == kind and k[1] != told and v == got
                for k, v in self.real.items()):
            return True
        return False

    def order_holds(self):
        """Serials grow as the document's do."""
        told = sorted((int(k[1]), int(v)) for k, v in self.real.items()
                      if k[0] == "serial")
        return [v for _, v in told] == sorted(v for _, v in told)

    def filled_in(self, text):
        for (kind, told), got in self.real.items():
            if kind in ("value", "iq"):
                text = text.replace("'%s'" % told, "'%s'" % got)
        return text


class Difference(Exception):
    pass


def compare_value(told, got, kind, names, where):
    if kind == "time":  # two may be the same, or not
        compare_text(told, got or "", where)
    elif kind == "iq" or kind == "serial" or "…" in told:
        if got is None or not names.same(kind, told, got):
            raise Difference("%s: %r stands for another value than %r" % (
                where, told, got))
    elif told != got:
        raise Difference("%s: %r, not %r" % (where, got, told))


def kind_of(element, attr, is_request):
    if attr == "serial":
        return "serial"
    if attr in ("since", "until"):
        return "time"
    if attr == "id" and local(element.tag) == "iq" and is_request:
        return "iq"
    return "value"


def text_of(element):
    return (element.text or "").strip()


def compare_text(told, got, where):
    """An ellipsis stands for anything but nothing."""
    pattern = ".+".join(re.escape(p) for p in told.split("…"))
    if re.fullmatch(pattern, got, re.S) is None:
        raise Difference("%s: text %r, not %r" % (where, got, told))


def ordered(element):
    """Verdicts and places come in any order."""
    children = list(element)
    if local(element.tag) in ("verdicts", "attach"):
        children.sort(key=lambda c: int(c.get("n") or c.get("id")))
    return children


def compare(told, got, names, where=""):
    where = "%s/%s" % (where, local(told.tag))
    if told.tag != got.tag:
        raise Difference("%s: it is %s" % (where, got.tag))
    is_request = told.get("type") in ("get", "set")
    for attr in sorted(set(told.attrib) | set(got.attrib)):
        if attr not in told.attrib:
            raise Difference("%s: also has %s=%r" % (
                where, attr, got.get(attr)))
        compare_value(told.get(attr), got.get(attr),
                      kind_of(told, attr, is_request), names,
                      "%s@%s" % (where, attr))
    # A token is bound, other texts are only there.
    if local(told.tag) == "badge" and text_of(told):
        compare_value(text_of(told), text_of(got), "value", names, where)
    else:
        compare_text(text_of(told), text_of(got), where)
    if len(told) != len(got):
        raise Difference("%s: %d children, not %d" % (
            where, len(got), len(told)))
    for a, b in zip(ordered(told), ordered(got)):
        compare(a, b, names, where)


class Replay:
    def __init__(self, daemon):
        self.daemon = daemon
        self.names = Bindings()
        self.commands = []
        self.backlog = []  # came, not yet told of
        self.seen = set()  # IDs of what came and was told of

    def command(self, line):
        """Begun, not waited for: it ends when guards have answered."""
        args = shlex.split(line)
        if args[0] != "mastheadctl":
            raise WireError("not a command of ours: %s" % line)
        self.commands.append((line, subprocess.Popen(
            [BIN + "/mastheadctl", "-s", self.daemon.dir + "/sock"] +
            args[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)))

    def commands_end(self):
        for line, process in self.commands:
            out = process.communicate(timeout=30)[0]
            if process.returncode != 0:
                raise WireError("%s: %d: %s" % (
                    line, process.returncode, out.decode()))
        self.commands.clear()

    def send(self, stanza):
        # An answer to Masthead has the ID that Masthead gave.
        self.daemon.peer().send(self.names.filled_in(stanza))

    def is_candidate(self, told, got):
        """Whether `got` is what is told of, rather than something that comes
        in between: probes, recalls of other guards, those sent again."""
        if told.get("to") != got.get("to") or (
                told.get("type") != got.get("type")):
            return False
        if told.get("type") in ("get", "set"):
            return told[0].tag == got[0].tag and (
                set(told[0].attrib) == set(got[0].attrib)) and (
                got.get("id") not in self.seen)
        return told.get("id") == got.get("id")

    def expect(self, stanza):
        told = ET.fromstring(stanza)
        got = self.next_like(told)
        self.seen.add(got.get("id"))
        compare(told, got, self.names)
        if not self.names.order_holds():
            raise Difference("serials do not grow as told")

    def next_like(self, told):
        for at, got in enumerate(self.backlog):
            if self.is_candidate(told, got):
                return self.backlog.pop(at)
        end = time.monotonic() + TIMEOUT
        while True:
            got = ET.fromstring(self.daemon.peer().receive(
                max(end - time.monotonic(), 0)))
            if self.is_candidate(told, got):
                return got
            self.backlog.append(got)

    def play(self, stanza):
        if ET.fromstring(stanza).get("from") == DOMAIN:
            self.expect(stanza)
        else:
            self.commands_before(stanza)
            self.send(stanza)

    def commands_before(self, stanza):
        """What is asked after a command, is asked when it is done; only
        answers are needed for it to end."""
        if ET.fromstring(stanza).get("type") in ("get", "set"):
            self.commands_end()


def steps(doc):
    """(what, text) in the document's order."""
    for block in blocks(doc):
        if block.lstrip().startswith("$"):
            for line in block.splitlines():
                yield "command", line.lstrip("$ ")
        elif block.startswith("<"):
            for stanza in stanzas(block):
                yield "stanza", stanza


def places_of(doc):
    for block in blocks(doc):
        if block.startswith("places:"):
            return block.split("\n", 1)[1]
    raise WireError("no places in %s" % DOC)


def label(what, text):
    if what == "command":
        return "$ " + text
    stanza = ET.fromstring(text)
    return "%s %s %s %s" % (
        "Masthead says" if stanza.get("from") == DOMAIN else "said:",
        stanza.get("type"), stanza.get("id"),
        " ".join(local(c.tag) for c in stanza))


def replay(tap, doc):
    told = list(steps(doc))
    with Daemon(guards=GUARDS, places=places_of(doc)) as daemon:
        play = Replay(daemon)
        for at, (what, text) in enumerate(told):
            if what == "command":
                tap.run(label(what, text), lambda: play.command(text))
                # Commands follow one another; a recall needs an answer.
                if at + 1 < len(told) and told[at + 1][0] == "command":
                    tap.run("it ends", play.commands_end)
            else:
                tap.run(label(what, text), lambda: play.play(text))
        tap.run("all commands have ended well", play.commands_end)
        tap.run("masthead ends well", daemon.must_end_well)
    return sum(1 for what, _ in told if what == "stanza")


def differs(told, got):
    """Whether the comparison sees a difference: it must not be blind."""
    try:
        compare(ET.fromstring(told), ET.fromstring(got), Bindings())
    except Difference:
        return
    raise WireError("%s is taken for %s" % (got, told))


BLIND = [
    ("<a b='1'/>", "<a b='2'/>"), ("<a b='1'/>", "<a/>"),
    ("<a/>", "<a b='1'/>"), ("<a/>", "<b/>"), ("<a/>", "<a xmlns='u'/>"),
    ("<a><b/></a>", "<a/>"), ("<a/>", "<a><b/></a>"), ("<a>x</a>", "<a>y</a>"),
    ("<a>…</a>", "<a/>"), ("<a/>", "<a>x</a>"),
    ("<a since='20…Z'/>", "<a since='19Z'/>"), ("<a since='…'/>", "<a/>"),
    ("<a><b c='1…'/><b c='1…'/></a>", "<a><b c='x'/><b c='y'/></a>"),
    ("<a><b c='1…'/><b c='2…'/></a>", "<a><b c='x'/><b c='x'/></a>"),
]


def main():
    tap = Tap()
    for told, got in BLIND:
        tap.run("%s is not %s" % (told, got), lambda: differs(told, got))
    with open(DOC, encoding="utf-8") as f:
        doc = f.read()
    count = replay(tap, doc)

    def has_all():
        if count < 40:
            raise WireError("only %d stanzas were found" % count)
    tap.run("%d stanzas were replayed" % count, has_all)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
