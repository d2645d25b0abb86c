#!/usr/bin/python3
"""Look-ups by account on the wire: what each state tells, whom it is told,
how often, and that Masthead keeps nothing of it.

The log is at `debug`; the register's bytes are compared.
"""

import base64
import json
import sys
import time
import xml.etree.ElementTree as ET

from component_server import Tap, WireError
from daemon_rig import DOMAIN, PLACES, Daemon, check_iq, fresh_id, item

BADGE = "{urn:masthead:badge:0}"
STANZAS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"
ALICE = "alice@reader.example/phone"
BURST = 100  # of one account, see daemon/lookups.h
tap = Tap()
daemon = None


def must(is_so, text):
    if not is_so:
        raise WireError(text)


def ask(attrs, sender=ALICE, kind="get"):
    ident = fresh_id("q")
    peer = daemon.peer()
    peer.send_while_receiving((
        "<iq type='%s' id='%s' from='%s' to='%s'><badge "
        "xmlns='urn:masthead:badge:0'%s/></iq>" % (
            kind, ident, sender, DOMAIN, attrs)).encode())
    answer = ET.fromstring(peer.expect(ident).decode())
    must(answer.get("to") == sender and answer.get("id") == ident,
         ET.tostring(answer).decode())
    return answer


def look_up(jid, sender=ALICE):
    return ask(" jid='%s'" % jid, sender)


def refused(answer, kind, condition):
    error = next((c for c in answer if c.tag.endswith("error")), None)
    must(error is not None and error.get("type") == kind and
         error[0].tag == STANZAS + condition and
         answer.find(BADGE + "publisher") is None,
         ET.tostring(answer).decode())


def publisher(answer, state):
    must(answer.get("type") == "result", ET.tostring(answer).decode())
    p = answer.find(BADGE + "publisher")
    must(p is not None and p.get("state") == state,
         ET.tostring(answer).decode())
    return p


def claims(badge):
    text = badge.text.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def approved():
    p = publisher(look_up("Daily@Example.ORG"), "approved")
    must(p.get("jid") == "daily@example.org" and p.get("name") == "Daily" and
         p.get("since").endswith("Z"), ET.tostring(p).decode())
    category = p.find(BADGE + "category")
    must(category.get("id") == "news" and category.get("title") == "News" and
         category.get("since") < category.get("until"),
         ET.tostring(p).decode())
    badge = p.find(BADGE + "badge")
    said = claims(badge)
    must(badge.get("by") == DOMAIN and said["aud"] == "xmpp:reader.example" and
         said["sub"] == "xmpp:daily@example.org" and said["cat"] == ["news"]
         and "occ" not in said and "nick" not in said and
         0 < said["exp"] - said["iat"] <= 86400, repr(said))
    # It was for this one answer.
    refused(ask(" id='%s'" % badge.get("id")), "cancel", "item-not-found")


def without_badge(jid, state):
    p = publisher(look_up(jid), state)
    must(p.get("name") and p.get("since") and len(p) == 0,
         ET.tostring(p).decode())


def states():
    tap.run("an approved account has a record and a badge", approved)
    for state in ("suspended", "revoked"):
        tap.run("%s: a state without a badge" % state,
                lambda: without_badge(state + "@example.org", state))
    for jid in ("applied@example.org", "nobody@example.org", "example.org",
                "daily@example.org/desk", "@", "a&#9;b@example.org"):
        tap.run("%s is not found" % jid, lambda: refused(
            look_up(jid), "cancel", "item-not-found"))
    for attrs in ("", " jid=''", " jid='a@b' id='%s'" % ("A" * 22),
                  " xmlns:e='urn:e' e:jid='daily@example.org'"):
        tap.run("%s is a bad request" % (attrs or "nothing"),
                lambda: refused(ask(attrs), "modify", "bad-request"))
    tap.run("a set is no look-up", lambda: refused(
        ask(" jid='daily@example.org'", kind="set"), "cancel",
        "service-unavailable"))


def register_bytes():
    found = b""
    for name in ("register.db", "register.db-wal"):
        with open(daemon.dir + "/" + name, "rb") as f:
            found += f.read()
    return found


def settled_register():
    """Its bytes, when what was begun before has been written."""
    before = register_bytes()
    for _ in range(20):
        time.sleep(0.6)  # more than a tick of the daemon
        now = register_bytes()
        if now == before:
            return now
        before = now
    raise WireError("the register does not come to rest")


def keeps_nothing():
    log, register = daemon.log_text(), settled_register()
    for n in range(40):
        publisher(look_up("daily@example.org", "reader%d@a.example/x" % n),
                  "approved")
        refused(look_up("unheard-of@example.org",
                        "reader%d@a.example/x" % n), "cancel",
                "item-not-found")
        refused(ask(" id='%s'" % ("A" * 22), "reader%d@a.example" % n),
                "cancel", "item-not-found")
    must(settled_register() == register, "the register has changed")
    new = daemon.log_text()[len(log):]
    # Guards that nobody plays here may come up; nothing else.
    other = [x for x in new.splitlines() if "event=guard-" not in x]
    must(not other and "reader" not in new and "unheard" not in new, new)


def control():
    """The comparison is not blind: a post's badge is kept."""
    register = settled_register()
    peer = daemon.peer()
    ident = fresh_id("c")
    peer.send_while_receiving(check_iq(item(1), ident).encode())
    must("<badge " in peer.expect(ident).decode(), "no badge")
    must(settled_register() != register, "no difference is seen")


def limited():
    sender = "greedy@reader.example/x"
    for n in range(BURST):
        must(look_up("daily@example.org", sender).get("type") == "result",
             "look-up %d was refused" % n)
    late = [look_up("daily@example.org", sender) for _ in range(20)]
    refused(late[0], "wait", "resource-constraint")
    must(sum(a.get("type") == "error" for a in late) >= 15,
         "the limit does not hold")
    refused(look_up("nobody@example.org", sender), "wait",
            "resource-constraint")
    publisher(look_up("daily@example.org", "other@reader.example/x"),
              "approved")


def main():
    global daemon
    with Daemon(places=PLACES + "log_level: debug\n") as daemon:
        daemon.approve("daily@example.org", "Daily")
        daemon.ctl("publisher", "add", "applied@example.org", "--name", "A")
        for state, action in (("suspended", "suspend"),
                              ("revoked", "revoke")):
            daemon.approve(state + "@example.org", "Was " + state)
            daemon.ctl("publisher", action, state + "@example.org",
                       "--reason", "secret-reason")
        states()
        tap.run("nothing is logged or stored", keeps_nothing)
        tap.run("what is stored would be seen", control)
        tap.run("an account asks so often", limited)
        tap.run("why is said to nobody", lambda: must(
            "secret-reason" not in daemon.log_text(), "it is in the log"))
        tap.run("masthead ends well", daemon.must_end_well)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
