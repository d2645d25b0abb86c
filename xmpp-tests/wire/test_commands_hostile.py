#!/usr/bin/python3
"""Commands and forms on the wire, from people who mean no good: fields that
are missing, doubled, huge and hostile; sessions that are guessed, used again
and stolen; ten thousand sessions; an end in the middle.

Every case is followed by a command that must be answered right, on the same
stream.
"""

import glob
import re
import signal
import sys
import time
import xml.etree.ElementTree as ET

from component_server import Tap, WireError
from daemon_rig import DOMAIN, Daemon, fresh_id

COMMANDS = "http://jabber.org/protocol/commands"
DATA = "jabber:x:data"
ANNA = "anna@example.org/desk"
SECRET = "Dora Xylophone Daily"
tap = Tap()
daemon = None


def must(is_so, text):
    if not is_so:
        raise WireError(str(text)[:2000])


def iq(payload, sender=ANNA, kind="set", lang="en"):
    """The whole answer, as text."""
    ident = fresh_id("c")
    peer = daemon.peer()
    peer.send_while_receiving((
        "<iq type='%s' id='%s' from='%s' to='%s' xml:lang='%s'>%s</iq>" % (
            kind, ident, sender, DOMAIN, lang, payload)).encode())
    answer = peer.expect(ident).decode()
    # Two writers of XML, two kinds of quotes.
    return answer if '"' in answer else answer.replace("'", '"')


def command(node, session="", action="execute", form="", sender=ANNA):
    return iq("<command xmlns='%s' node='%s'%s action='%s'>%s</command>" % (
        COMMANDS, node, " sessionid='%s'" % session if session else "",
        action, form), sender)


def field(var, *values):
    return "<field var='%s'>%s</field>" % (
        var, "".join("<value>%s</value>" % v for v in values))


def form(*fields):
    return "<x xmlns='%s' type='submit'>%s</x>" % (DATA, "".join(fields))


def answers(**other):
    """What a person applies with; other values instead, None for none."""
    told = {"FORM_TYPE": "urn:masthead:apply:0", "kind": "person",
            "name": "Anna Letters", "legal_name": SECRET,
            "contact": "anna@example.org", "categories": "news"}
    told.update(other)
    return form(*[field(k, v) for k, v in told.items() if v is not None])


def session_of(answer):
    found = re.search(r'sessionid="([^"]*)"', answer)
    must(found, answer)
    return found.group(1)


def begin(sender=ANNA, node="apply"):
    answer = command(node, sender=sender)
    must('status="executing"' in answer, answer)
    return session_of(answer)


def refused(answer, *conditions):
    must('type="error"' in answer and "<command" not in answer, answer)
    for condition in conditions:
        must("<%s " % condition in answer, answer)


def goes_on(answer, *texts):
    must('status="executing"' in answer and 'type="result"' in answer, answer)
    for text in texts:
        must(text in answer, (text, answer))


def answered_well():
    answer = command("status", sender="zoe@example.org/x")
    must('status="completed"' in answer and "You have not applied" in answer,
         answer)


def case(name, function):
    def run():
        peer = daemon.peer()
        function()
        answered_well()
        must(peer is daemon.peer(), "the stream ended")
    tap.run(name, run)


# What comes back, filled, with the mistake told.
TOLD = [
    ("no fields at all", form(), "This is needed."),
    ("a missing one", answers(legal_name=None), "Legal name"),
    ("an empty one", answers(legal_name=""), "This is needed."),
    ("a blank one", answers(legal_name=" \t "), "This is needed."),
    ("a long one", answers(legal_name="x" * 60000), "At most 255 bytes"),
    ("a long name in many bytes", answers(name="ä" * 128),
     "At most 255 bytes"),
    ("a line break", answers(name="a&#10;b"), "cannot be shown"),
    ("a C1 control character", answers(name="a&#x9b;b"), "cannot be shown"),
    ("text that is turned round", answers(name="a&#x202e;b"), "turn the text"),
    ("an invisible letter", answers(name="a&#x200b;b"), "cannot be seen"),
    ("no such category", answers(categories="nope"), "that are offered"),
    ("a category as SQL", answers(categories="news' OR 1=1 --"),
     "that are offered"),
    ("no such kind", answers(kind="god"), "that are offered"),
    ("a script as a website", answers(website="javascript:alert(1)"),
     "address of a website"),
    ("a name and password before the host",
     answers(website="https://bank.example@evil.example/"),
     "address of a website"),
    ("an address as a domain", answers(domain="192.0.2.1"), "A host name"),
    ("a path as a domain", answers(domain="a.example/../b"), "A host name"),
    ("a line break in a domain", answers(domain="a.example&#13;b"),
     "cannot be shown"),
    ("letters that look alike in a domain",
     answers(domain="ex\u0430mple.org\u0000".rstrip("\0") + "_"),
     "A host name"),
    ("several contacts", answers(contact="a@b.example,c@d.example"),
     "A mail address"),
    ("two values of one line", form(field("name", "a", "b")), "At most 1"),
    ("many values of one line",
     form(field("name", *["a%d" % i for i in range(300)])), "At most 1"),
    ("an element as a value", form(field("name", "<b>Anna</b>")),
     "This is needed."),
    ("long notes", answers(notes="n" * 2049), "At most 2048"),
]

# What is no answer to the form: nothing of it is taken.
BROKEN = [
    ("a field twice", form(field("name", "a"), field("name", "b")),
     "bad-payload"),
    ("an unknown field twice", form(field("x", "a"), field("x", "b")),
     "bad-payload"),
    ("a field without a name", form("<field><value>x</value></field>"),
     "bad-payload"),
    ("another form's", form(field("FORM_TYPE", "urn:masthead:keys:0")),
     "bad-payload"),
    ("two forms", answers() + answers(), "bad-payload"),
    ("a result", "<x xmlns='%s' type='result'/>" % DATA, "bad-payload"),
    ("no form", "", "bad-payload"),
    ("a form in another namespace", "<x xmlns='urn:x' type='submit'/>",
     "bad-payload"),
    ("more than is read", answers(notes="n" * 70000), "policy-violation"),
    ("more fields than a form has",
     form(*[field("f%d" % i, "") for i in range(200)]), "policy-violation"),
    ("more elements than a tree has",
     form(*["<field var='f%d'/>" % i for i in range(600)]),
     "policy-violation"),
    ("a stanza that is too long", answers(notes="n" * 270000),
     "policy-violation"),
]


def hostile_forms():
    for what, payload, told in TOLD:
        def run(payload=payload, told=told):
            session = begin()
            goes_on(command("apply", session, "next", payload), told,
                    '<note type="error">')
        case("%s comes back" % what, run)
    for what, payload, condition in BROKEN:
        def run(payload=payload, condition=condition):
            session = begin()
            refused(command("apply", session, "next", payload), condition)
            # The session is as it was.
            goes_on(command("apply", session, "next", form()),
                    "This is needed.")
        case("%s is refused" % what, run)


def what_is_right_is_kept():
    session = begin()
    answer = command("apply", session, "next",
                     answers(contact="x", notes="&lt;b&gt; &amp; ]]&gt;"))
    goes_on(answer, "A mail address is needed", SECRET)
    values = [v.text for v in ET.fromstring(answer).iter("{%s}value" % DATA)]
    must("<b> & ]]>" in values, values)


def hidden_and_fixed_stay():
    session = begin()
    answer = command("apply", session, "next", answers())
    goes_on(answer, "What is here is authentic.", "accept:news")
    answer = command("apply", session, "complete", form(
        field("agreement:news", "I owe nothing."), field("accept:news", "0"),
        field("public", "nothing")))
    goes_on(answer, "What is here is authentic.", "Without accepting it")
    must("I owe nothing" not in answer, answer)
    refused(command("apply", session, "next", form()), "bad-action")
    command("apply", session, "cancel")


STRAYS = [
    ("another account", "eve@example.org/desk"),
    ("another resource", "anna@example.org/phone"),
    ("no resource", "anna@example.org"),
    ("the same name at another server", "anna@example.net/desk"),
]


def sessions_are_not_shared():
    for what, thief in STRAYS:
        for action in ("next", "execute", "prev", "complete", "cancel"):
            def run(thief=thief, action=action):
                session = begin()
                refused(command("apply", session, action, answers(), thief),
                        "session-expired")
                goes_on(command("apply", session, "next", form()),
                        "This is needed.")
            case("%s by %s is refused" % (action, what), run)


def guessed():
    session = begin()
    refused(command("apply", "A" * 22, "next", answers()), "session-expired")
    last = "B" if session[-1] != "B" else "C"
    refused(command("apply", session[:-1] + last, "next", answers()),
            "session-expired")
    for odd in ("1", session + "A", session[:-1], "../" + session[3:],
                session.swapcase()[:21] + "+"):
        refused(command("apply", odd, "next", answers()), "bad-sessionid")
    refused(command("status", session, "next", answers()), "bad-sessionid")


def used_again():
    session = begin()
    must('status="canceled"' in command("apply", session, "cancel"), session)
    refused(command("apply", session, "next", answers()), "session-expired")
    refused(command("apply", session, "cancel"), "session-expired")
    sessions = {begin(), begin(), begin()}
    must(len(sessions) == 3, sessions)


def actions_out_of_order():
    session = begin()
    refused(command("apply", session, "complete", answers()), "bad-action")
    refused(command("apply", session, "prev"), "bad-action")
    refused(command("apply", session, "jump"), "malformed-action")
    refused(command("apply", "", "next", answers()), "bad-action")
    refused(command("nowhere"), "item-not-found")
    refused(command("x" * 2000), "item-not-found")


def only_accounts():
    for sender in ("example.org", "rooms.example.org/x", DOMAIN):
        refused(command("apply", sender=sender), "forbidden")


def at_once():
    """Two steps of one session in one write: one is applied."""
    session = begin()
    peer = daemon.peer()
    ids = [fresh_id("p") for _ in range(4)]
    step = ("<iq type='set' id='%s' from='%s' to='%s'><command xmlns='%s' "
            "node='apply' sessionid='%s' action='next'>%s</command></iq>")
    peer.send_while_receiving("".join(
        step % (i, ANNA, DOMAIN, COMMANDS, session, answers())
        for i in ids).encode())
    got = [s.decode() for s in peer.receive_many(len(ids))]
    done = [g for g in got if 'status="executing"' in g]
    must(len(done) == 1 and "accept:news" in done[0], got)
    for answer in got:
        if answer not in done:
            refused(answer, "unexpected-request")
    must('status="completed"' in withdraw(), "no draft was made")


def withdraw(sender=ANNA):
    session = begin(sender, "withdraw")
    return command("withdraw", session, "complete",
                   form(field("confirm", "1")), sender)


def in_confidence():
    """What is told in confidence is in no file, and in no log."""
    session = begin()
    goes_on(command("apply", session, "next", answers()), "accept:news")
    daemon.ctl("status", status=(0, 3))
    found = []
    for path in glob.glob(daemon.dir + "/**", recursive=True):
        try:
            with open(path, "rb") as f:
                if SECRET.encode() in f.read():
                    found.append(path)
        except IsADirectoryError:
            pass
        except OSError:
            pass  # a socket
    must(not found, found)
    # Its owner gets it back; nobody else does.
    goes_on(command("apply"), SECRET)
    must(SECRET not in command("apply", sender="eve@example.org/x"), "eve")
    withdraw()


def killed_in_the_middle():
    """Nothing is half done: the draft is there, the session is not."""
    session = begin()
    goes_on(command("apply", session, "next", answers()), "accept:news")
    accept = form(field("accept:news", "1"))
    peer = daemon.peer()
    peer.send("<iq type='set' id='k' from='%s' to='%s'><command xmlns='%s' "
              "node='apply' sessionid='%s' action='complete'>%s</command>"
              "</iq>" % (ANNA, DOMAIN, COMMANDS, session, accept))
    time.sleep(0.01)
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()
    peer.close()
    daemon.start()
    answer = command("status")
    is_draft = "a draft, not submitted" in answer
    is_open = "submitted; the review staff have it" in answer
    must(is_draft != is_open, answer)
    refused(command("apply", session, "complete", accept), "session-expired")
    if is_draft:
        session = session_of(command("apply"))
        goes_on(command("apply", session, "next", answers()), "accept:news")
        must('status="completed"' in command("apply", session, "complete",
                                             accept), "not resumed")
    must('status="completed"' in withdraw(), "not withdrawn")


def killed_in_each():
    """After a kill between any two steps, nothing of it was done."""
    daemon.approve("daily@example.org", "Daily")
    daily = "daily@example.org/x"

    def standing():
        return re.sub(r'(id|sessionid)="[^"]*"', "",
                      command("status", sender=daily))
    before = standing()
    for node, action, payload in [
            ("change", "next", form(field("name", "Other"))),
            ("renew", "next", form(field("categories", "news"))),
            ("agree", "complete", form(field("accept:news", "1"))),
            ("leave", "complete", form(field("confirm", "1"))),
            ("mydata", "complete", form(field("action", "erase"),
                                        field("confirm", "1")))]:
        session = begin(daily, node)
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait()
        daemon.peer().close()
        daemon.start()
        refused(command(node, session, action, payload, daily),
                "session-expired")
        must(standing() == before, (node, standing(), before))


def flood(start, count):
    """Begins that many sessions, each by another account; the last ones."""
    peer = daemon.peer()
    text = ("<iq type='set' id='f%d' from='u%d@h%d.example/x' to='%s'>"
            "<command xmlns='%s' node='apply'/></iq>")
    last = None
    for at in range(start, start + count, 100):
        peer.send_while_receiving("".join(
            text % (i, i, i % 97, DOMAIN, COMMANDS)
            for i in range(at, at + 100)).encode())
        for i in range(at, at + 100):
            last = peer.expect('"f%d"' % i).decode()
            must('status="executing"' in last, last)
    return session_of(last), "u%d@h%d.example/x" % (
        start + count - 1, (start + count - 1) % 97)


def ten_thousand_sessions():
    first = begin("first@example.org/x")
    flood(0, 10000)
    full = daemon.rss_kib()
    session, owner = flood(10000, 5000)
    more = daemon.rss_kib()
    must(more < full * 1.1, "%d KiB, then %d KiB" % (full, more))
    # The idle oldest is gone, the newest is there.
    refused(command("apply", first, "next", form(), "first@example.org/x"),
            "session-expired")
    goes_on(command("apply", session, "next", form(), owner),
            "This is needed.")


def listed_for_everybody():
    answer = iq("<query xmlns='http://jabber.org/protocol/disco#items' "
                "node='%s'/>" % COMMANDS, kind="get")
    nodes = [i.get("node") for i in ET.fromstring(answer).iter()
             if i.tag.endswith("}item")]
    for node in ("apply", "status", "withdraw", "change", "renew", "agree",
                 "leave", "prove"):
        must(node in nodes, nodes)
    for node in ("queue", "case", "suspend", "restore", "revoke"):
        must(node not in nodes, nodes)


STAFF = ("queue", "case", "suspend", "restore", "revoke", "appeals", "reports")


def staff_commands_are_forbidden():
    """To users, to strangers, and to who only looks like staff."""
    for node in STAFF:
        for sender in (ANNA, "anna@evil.example/x", "example.org",
                       "eve@evil.example/boss@example.org",
                       "x.boss@example.org/x", "boss@example.org.evil/x"):
            for action in ("execute", "next", "complete", "cancel"):
                refused(command(node, "", action, sender=sender), "forbidden")
                refused(command(node, "A" * 22, action, form(), sender),
                        "forbidden")


def hostile_registration():
    def register(payload, sender=ANNA):
        return iq("<query xmlns='jabber:iq:register'>%s</query>" % payload,
                  sender)
    refused(register(form(field("name", "a"), field("name", "b"))),
            "bad-request")
    refused(register(form()), "not-acceptable")
    refused(register(""), "not-acceptable")
    refused(register(answers(notes="n" * 70000)), "policy-violation")
    refused(register("<remove/>"), "not-allowed")
    refused(register(answers(), "example.org"), "forbidden")
    must("a draft" not in command("status"), "it made a draft")


FUNCTIONS = [listed_for_everybody, staff_commands_are_forbidden,
             what_is_right_is_kept,
             hidden_and_fixed_stay, guessed, used_again, actions_out_of_order,
             only_accounts, at_once, in_confidence, hostile_registration]


def main():
    global daemon
    with Daemon(guards=("rooms.example.org", "rooms.example.net",
                        "example.org")) as daemon:
        with open(daemon.dir + "/masthead.yaml", "a", encoding="utf-8") as f:
            f.write("staff: {approver: [boss@example.org]}\n")
        daemon.ctl("reload")
        hostile_forms()
        sessions_are_not_shared()
        for function in FUNCTIONS:
            case(function.__name__.replace("_", " "), function)
        tap.run("killed in the middle", killed_in_the_middle)
        tap.run("killed in the middle of each", killed_in_each)
        case("ten thousand sessions", ten_thousand_sessions)
        tap.run("masthead ends well", daemon.must_end_well)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
