#!/usr/bin/python3
"""Hostile XML from an ordinary user of a real Prosody, as far as Prosody lets
it through: to Masthead's own address, and into a guarded room.

Whatever it is, a publisher's posts before and after it arrive with their
badge, Masthead's memory stays bounded, and the attacker gets one answer.
"""

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

from component_server import WireError
from prosody_rig import BADGE_NS, GUARD_NS, ROOT, Client, outcome

SERVERS = os.path.join(ROOT, "xmpp-tests/servers")
COMPONENT = "masthead.localhost"
ROOM = "newsroom@rooms.localhost"
RSS_BOUND_KIB = 48 * 1024

count = 0
failed = 0


class Deployment:
    def __init__(self, port):
        self.dir = tempfile.mkdtemp(prefix="masthead-hostile-")
        subprocess.run([SERVERS + "/up", "prosody", self.dir, str(port)],
                       check=True, stdout=sys.stderr)
        env = subprocess.run(
            ["sh", "-c", '. "$1/env" && printf "%s\n" "$C2S_PORT" '
             '"$MASTHEAD_PID" "$SERVER_PID" "$CTL"', "sh", self.dir],
            check=True, capture_output=True, text=True).stdout.splitlines()
        self.c2s_port, self.pid, self.server_pid = map(int, env[:3])
        self.ctl = shlex.split(env[3])

    def status(self):
        done = subprocess.run(self.ctl + ["--json", "status"], check=False,
                              capture_output=True, text=True)
        return json.loads(done.stdout)

    def rss_kib(self):
        with open("/proc/%d/status" % self.pid, encoding="ascii") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))

    def output(self):
        with open(self.dir + "/masthead.out", encoding="utf-8") as f:
            return f.read()

    def close(self):
        subprocess.run([SERVERS + "/down", self.dir], check=False)
        subprocess.run(["rm", "-rf", self.dir], check=False)


def must(is_so, text=""):
    if not is_so:
        raise WireError(text)


class Session:
    """alice reads, daily publishes, mallory attacks."""

    def __init__(self, deployment):
        self.at = deployment
        self.number = 0

    async def client(self, user, nick):
        c = await Client().login(self.at.c2s_port, user, "hostile")
        await c.enter(ROOM, nick)
        return c

    async def open(self):
        self.alice = await self.client("alice", "Alice")
        self.daily = await self.client("daily", "Daily")
        self.mallory = None
        await self.attacker()

    async def attacker(self):
        """mallory, once more if the server has thrown the stream out."""
        if self.mallory is None or self.mallory.closed:
            self.mallory = await self.client("mallory", "Mallory")
        return self.mallory

    async def post_arrives(self):
        self.number += 1
        ident = "good-%d" % self.number
        self.daily.say(ROOM, ident)
        stanza = await self.alice.until(lambda s: s.get("id") == ident, 10)
        must(outcome(stanza) == "ok", "the post is refused")
        must(stanza.find("{%s}badge" % BADGE_NS) is not None, "no badge")

    async def answers(self, ident, is_awaited):
        """What mallory hears about a stanza of hers, once all is through."""
        heard = []
        ping = "ping-" + ident
        # Prosody's expat looks again at a long tag that came in pieces only
        # when much more has come.
        try:
            await self.mallory.writer.drain()
        except ConnectionError:
            self.mallory.closed = True
            return heard, True
        self.mallory.send(" " * 250000)
        self.mallory.send("<iq type='get' id='%s' to='%s'><ping xmlns="
                          "'urn:xmpp:ping'/></iq>" % (ping, COMPONENT))
        while True:
            try:
                stanza = await self.mallory.next(10)
            except asyncio.TimeoutError:
                raise WireError("nothing is heard") from None
            if stanza is None:
                return heard, True
            if stanza.get("id") == ping:
                break
            if stanza.get("id") == ident:
                heard.append(outcome(stanza))
        # The room's answer has another way than the ping's.
        wait_s = 5 if is_awaited and not heard else 0.2
        while True:
            try:
                stanza = await self.mallory.next(wait_s)
            except asyncio.TimeoutError:
                return heard, False
            if stanza is None:
                return heard, True
            if stanza.get("id") == ident:
                heard.append(outcome(stanza))
                wait_s = 0.2

    async def attack(self, make, target, is_awaited=True):
        """Sends it; (answers, whether the server closed the stream)."""
        before = self.at.rss_kib()
        await self.post_arrives()
        await self.attacker()
        self.number += 1
        ident = "bad-%d" % self.number
        self.mallory.send(make(ident, target))
        heard, is_closed = await self.answers(ident, is_awaited)
        await self.post_arrives()
        grown = self.at.rss_kib() - before
        must(grown < RSS_BOUND_KIB, "masthead grew by %d KiB" % grown)
        must(self.at.status()["status"] == "green", "status is red")
        return heard, is_closed


def message(inside, attrs=""):
    return lambda ident, to: (
        "<message id='%s' to='%s' type='%s'%s>%s</message>" % (
            ident, to, "groupchat" if to == ROOM else "chat", attrs, inside))


def iq(inside):
    return lambda ident, to: (
        "<iq id='%s' to='%s' type='get'>%s</iq>" % (ident, to, inside))


REFERENCE = ("<reference xmlns='urn:xmpp:reference:0' type='data' "
             "uri='xmpp:wire%d@example.net'/>")
ATTACKS = [
    # name, stanza, refused by Masthead itself as over a limit
    ("65,000 children", message("<a>%s</a>" % ("<a/>" * 64900)), True),
    ("65,000 children of an IQ", iq("<a xmlns='urn:x'>%s</a>" % (
        "<a/>" * 64900)), True),
    ("2,500 levels", message("<a>" * 2500 + "</a>" * 2500), True),
    ("250 KB text", message("<body>%s</body>" % ("x" * 250000)), False),
    ("10,000 attributes", message("<a%s/>" % "".join(
        " b%d='c'" % n for n in range(10000))), True),
    ("a namespace of 100 KB", message("<a xmlns='urn:%s'/>" % ("x" * 100000)),
     True),
    ("10 MB text", message("<body>%s</body>" % ("x" * (10 << 20))), None),
    ("100,000 levels", message("<a>" * 100000 + "</a>" * 100000), None),
    ("a DOCTYPE", lambda *_: "<!DOCTYPE a [<!ENTITY b 'c'>]>", None),
    ("a comment", message("<!-- a -->"), None),
    ("an unknown prefix", message("<x:a/>"), None),
    ("a stanza that never ends", lambda ident, to:
     "<message id='%s' to='%s'>" % (ident, to) + "<a>b</a>" * (1 << 19), None),
    ("prefixed addresses", message(
        "<body>x</body>", " xmlns:e='urn:evil' e:from='daily@localhost' "
        "e:to='x' e:type='error'"), False),
]


async def run_attack(session, make, is_limit):
    for target in (COMPONENT, ROOM):
        violations = session.at.status()["stream"]["violations"]
        heard, is_closed = await session.attack(
            make, target, is_limit is not None)
        if is_limit is None:
            must(is_closed, "Prosody lets it through: %s" % heard)
            continue
        must(is_closed or len(heard) == 1, "%d answers: %s" % (
            len(heard), heard))
        if is_closed:
            continue
        more = session.at.status()["stream"]["violations"] - violations
        if target == COMPONENT and is_limit:
            must(heard == ["policy-violation"] and more == 1, "%s, %d" % (
                heard, more))
        elif target == COMPONENT:
            must(heard == ["service-unavailable"], str(heard))
        else:  # the room has its own answer, or asks as about anybody's
            must(heard[0] in ("not-registered", "limit",
                              "service-unavailable") and more == 0,
                 "%s, %d" % (heard, more))


async def users_check(session):
    """A user says what a guard says."""
    item = ("<item n='1' kind='message' place='1' room='newsroom' "
            "actor='daily@localhost'/>")
    for payload, kind in (("<check xmlns='%s'>%s</check>", "set"),
                          ("<attach xmlns='%s' server='x'/>%s", "get"),
                          ("<detach xmlns='%s'/>%s", "set")):
        for attrs in ("", " xmlns:e='urn:evil' e:from='rooms.localhost'"):
            def make(ident, to, payload=payload, kind=kind, attrs=attrs):
                inside = payload % (GUARD_NS, item if "check" in payload
                                    else "")
                return "<iq type='%s' id='%s' to='%s'%s>%s</iq>" % (
                    kind, ident, to, attrs, inside)
            heard, _ = await session.attack(make, COMPONENT)
            must(heard == ["forbidden"], str(heard))
    status = session.at.status()
    must(status["status"] == "green", str(status["problems"]))


async def references_harm_nobody(session):
    """2,000 references in one post: refused alone, whoever sends it, and
    what is asked in the same turn of the server is answered."""
    wire = await session.client("wire", "Wire")
    mallory = await session.attacker()
    many = "<body>b</body>" + "".join(REFERENCE % n for n in range(2000))
    for round_ in range(5):
        good = ["ref-%d-%d" % (round_, n) for n in range(20)]
        bad = "refs-%d" % round_
        for ident in good[:10]:
            session.daily.say(ROOM, ident)
        wire.say(ROOM, bad, many)
        mallory.say(ROOM, bad, many)
        for ident in good[10:]:
            session.daily.say(ROOM, ident)
        wire.say(ROOM, "w" + bad, "<body>b</body>" + REFERENCE % 1)
        ends = await session.daily.ends(good)
        must(ends == [(i, "ok") for i in good], str(ends))
        for client in (wire, mallory):
            ended = await client.end_of(bad)
            must(ended == "limit", ended)
        ended = await wire.end_of("w" + bad)
        must(ended == "ok", "wire's post with one reference: " + ended)
    wire.drop()


async def scenario(name, coroutine):
    global count, failed
    count += 1
    try:
        await asyncio.wait_for(coroutine, 60)
    except Exception as e:  # whatever it is, it is this test's failure
        failed += 1
        print("not ok %d - %s\n# %s: %s" % (count, name, type(e).__name__, e))
    else:
        print("ok %d - %s" % (count, name))
    sys.stdout.flush()


async def ends_well(deployment):
    os.kill(deployment.pid, 0)
    os.kill(deployment.server_pid, 0)
    text = deployment.output()
    must("Sanitizer" not in text and "runtime error" not in text, text[-2000:])


async def run(deployment):
    session = Session(deployment)
    await session.open()
    for name, make, is_limit in ATTACKS:
        await scenario(name, run_attack(session, make, is_limit))
    await scenario("a user says what a guard says", users_check(session))
    await scenario("2,000 references harm nobody else's post",
                   references_harm_nobody(session))
    await scenario("both still run, without a word of a sanitizer",
                   ends_well(deployment))
    for client in (session.alice, session.daily, session.mallory):
        client.drop()


def main():
    port = os.environ.get("PORT_BASE") or subprocess.run(
        [SERVERS + "/free-ports", "15670"], check=True, capture_output=True,
        text=True).stdout.strip()
    deployment = Deployment(int(port))
    try:
        asyncio.run(run(deployment))
    finally:
        deployment.close()
    print("1..%d" % count)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
