#!/usr/bin/python3
"""The guard and Masthead find the same place for every node.

Random lists of places and random nodes, asked of the guard's places.lib.lua
and of the daemon's place_find: if they disagreed, checks would come back as
unavailable, or a node would be left open.  Nor do they differ about the nodes
that are personal.
"""

import os
import random
import subprocess
import sys

from component_server import Tap

BIN = os.environ.get("MASTHEAD_BIN", "build/asan")
C_TOOL = [BIN + "/wire/place_tool"]
LUA_TOOL = ["lua5.4", "xmpp-tests/wire/place_tool.lua"]
LISTS = 400
SPOTS = 60
PERSONAL = ["http://jabber.org/protocol/" + name for name in
            ("activity", "geoloc", "mood", "nick", "tune")] + [
    "eu.siacs.conversations.axolotl", "storage:", "urn:xmpp:avatar:", "urn:xmpp:bookmarks:",
    "urn:xmpp:gaming:", "urn:xmpp:mds:", "urn:xmpp:moved:", "urn:xmpp:omemo:", "urn:xmpp:openpgp:",
    "urn:xmpp:reach:", "urn:xmpp:vcard4", "urn:xmpp:viewing:"]


def tool(command, lines):
    return subprocess.run(command, input="\n".join(lines) + "\n", check=True, text=True,
                          stdout=subprocess.PIPE, timeout=120).stdout.split()


def name(rnd, is_pattern):
    if rnd.random() < 0.2:
        whole = rnd.choice(PERSONAL)
        text = whole[:rnd.randint(1, len(whole))] if rnd.random() < 0.4 else whole
        text += rnd.choice(("", "a", "2:devices"))
    else:
        text = "".join(rnd.choice("ab/") for _ in range(rnd.randint(1, 4)))
    if rnd.random() < (0.5 if is_pattern else 0.1):
        text += "*"
    return rnd.choice(("*", text)) if is_pattern and rnd.random() < 0.1 else text


def questions(rnd):
    """Lists of places that configurations accept, and nodes."""
    lists = [[f"place\t{name(rnd, True)}\t{rnd.choice(('', '*', 'x', 'y'))}"
              for _ in range(rnd.randint(0, 14))] for _ in range(LISTS)]
    taken = iter(tool(C_TOOL, [line for places in lists for line in ["list"] + places]))
    for places in lists:
        yield "list"
        yield from [p for p in places if next(taken) == "taken"]
        for _ in range(SPOTS):
            yield f"spot\t{name(rnd, False)}\t{rnd.choice(('', 'x', 'y', 'z'))}"


def personal():
    """Each of them, what begins so, and what does not quite."""
    names = [text for stem in PERSONAL for text in (stem, stem + "x", stem[:-1], stem[:-1] + "x", "x" + stem)]
    lines = ["personal\t" + text for text in names]
    c = tool(C_TOOL, lines)
    assert c == tool(LUA_TOOL, lines), [
        line for line, a, b in zip(lines, c, tool(LUA_TOOL, lines)) if a != b]
    assert [word for text, word in zip(names, c) if text in PERSONAL] == ["yes"] * len(PERSONAL), c


def agree(seed):
    lines = list(questions(random.Random(seed)))
    asked = [line for line in lines if line != "list"]
    c, lua = tool(C_TOOL, lines), tool(LUA_TOOL, lines)
    assert len(c) == len(lua) == len(asked), (len(c), len(lua), len(asked))
    for i, line in enumerate(asked):
        assert c[i] == lua[i], (seed, line, "daemon", c[i], "guard", lua[i])
    found = [word for word, line in zip(c, asked) if line.startswith("spot")]
    holds = sum(word != "none" for word in found)
    assert 0.1 < holds / len(found) < 0.9, "the test has become one-sided"


tap = Tap()
tap.run("guard and daemon find the same place", lambda: agree(int(os.environ.get("SEED", "1"))))
tap.run("guard and daemon know the same personal nodes", personal)
sys.exit(tap.done())
