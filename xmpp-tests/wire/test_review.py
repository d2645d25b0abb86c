#!/usr/bin/python3
"""Review on the wire: every staff command is closed to every stranger; two
who decide at once; an end in the middle of every command of several steps;
a kill in the middle of a write; evidence in no file, list or page of others.
"""

import glob
import os
import random
import re
import shutil
import signal
import sqlite3
import sys
import time
import xml.etree.ElementTree as ET

from component_server import Tap, WireError
from daemon_rig import DOMAIN, PLACES, Daemon, fresh_id

COMMANDS = "http://jabber.org/protocol/commands"
ITEMS = "http://jabber.org/protocol/disco#items"
INFO = "http://jabber.org/protocol/disco#info"
DATA = "jabber:x:data"
ANNA, BEN = "anna@rooms.example.org/desk", "ben@rooms.example.org/desk"
REVA = "reva@rooms.example.org/desk"
STAFF = ("staff: {approver: [anna@rooms.example.org, ben@rooms.example.org],\n"
         "        reviewer: [reva@rooms.example.org]}\n")
REVIEWERS = ("queue", "case", "reports")
APPROVERS = ("suspend", "restore", "revoke", "appeals")
SECRETS = [b"Sealed Xylophone", b"sealed.contact@example.org",
           b"Sealed passport", b"Sealed question", b"Sealed appeal",
           b"Sealed report", b"Sealed note"]
tap = Tap()
daemon = None


def must(is_so, text):
    if not is_so:
        raise WireError(str(text)[:2000])


def iq_text(ident, payload, sender, kind="set"):
    return "<iq type='%s' id='%s' from='%s' to='%s'>%s</iq>" % (
        kind, ident, sender, DOMAIN, payload)


def iq(payload, sender, kind="set"):
    ident = fresh_id("v")
    peer = daemon.peer()
    peer.send_while_receiving(iq_text(ident, payload, sender, kind).encode())
    while True:
        answer = peer.expect(ident).decode()
        if "<iq" in answer:
            break
    return answer if '"' in answer else answer.replace("'", '"')


def step_text(node, session="", action="execute", form=""):
    return "<command xmlns='%s' node='%s'%s action='%s'>%s</command>" % (
        COMMANDS, node, " sessionid='%s'" % session if session else "",
        action, form)


def command(node, sender, session="", action="execute", form=""):
    return iq(step_text(node, session, action, form), sender)


def field(var, *values):
    return "<field var='%s'>%s</field>" % (
        var, "".join("<value>%s</value>" % v for v in values))


def form(**fields):
    return "<x xmlns='%s' type='submit'>%s</x>" % (DATA, "".join(
        field(k, *(v if isinstance(v, list) else [v]))
        for k, v in fields.items()))


def session_of(answer):
    found = re.search(r'sessionid="([^"]*)"', answer)
    must(found and 'status="executing"' in answer, answer)
    return found.group(1)


def refused(answer, condition):
    must('type="error"' in answer and "<%s " % condition in answer, answer)
    must("<command" not in answer, answer)


def completed(answer):
    must('status="completed"' in answer, answer)
    return answer


def apply(account):
    """Also answers what was asked back."""
    sender = account + "/x"
    session = session_of(command("apply", sender))
    session_of(command("apply", sender, session, "next", form(
        kind="person", name="Letter of " + account,
        legal_name="Sealed Xylophone", contact="sealed.contact@example.org",
        categories="news")))
    completed(command("apply", sender, session, "complete",
                      form(**{"accept:news": "1"})))


def open_case(account, sender):
    """The session and the form of the case, as that sender sees it."""
    session = session_of(command("case", sender))
    answer = command("case", sender, session, "next", form(account=account))
    must("Letter of" in answer, answer)
    return session, answer


def identity(account, sender):
    session, _ = open_case(account, sender)
    answer = command("case", sender, session, "complete", form(
        do="identity", method="document", identity_until="2099-01-01",
        details="Sealed passport"))
    must("is on record" in answer, answer)


def approve(account, *senders):
    identity(account, senders[0])
    for sender in senders:
        session, _ = open_case(account, sender)
        completed(command("case", sender, session, "complete", form(
            do="approve", categories="news", reason="seen")))


def state(account):
    return daemon.ctl("publisher", "show", account)["publisher"]["state"]


# Access ---------------------------------------------------------------------

STRANGERS = [
    ("anybody", "eve@rooms.example.org/x"),
    ("anybody of another server", "eve@evil.example/x"),
    ("an approver's name at another server", "anna@evil.example/desk"),
    ("an approver's name at a subdomain", "anna@x.rooms.example.org/desk"),
    ("a longer domain", "anna@rooms.example.org.evil.example/desk"),
    ("an address in a resource", "eve@evil.example/anna@rooms.example.org"),
    ("a letter that looks alike", "аnna@rooms.example.org/desk"),
    ("an approver's server", "rooms.example.org"),
    ("the component itself", DOMAIN),
    ("the component's own account", "anna@%s/x" % DOMAIN),
]


def nodes_of(sender):
    answer = iq("<query xmlns='%s' node='%s'/>" % (ITEMS, COMMANDS), sender,
                "get")
    return [i.get("node") for i in ET.fromstring(answer).iter()
            if i.tag.endswith("}item")]


def closed_to(sender, nodes):
    listed = nodes_of(sender)
    for node in nodes:
        must(node not in listed, "%s is listed" % node)
        refused(command(node, sender), "forbidden")
        for action in ("next", "complete"):
            answer = command(node, sender, "A" * 22, action, form(
                account="daily@example.org", reason="x", do="approve"))
            must('type="error"' in answer and "<command" not in answer,
                 answer)
        # Nor does it say what there is.
        answer = iq("<query xmlns='%s' node='%s'/>" % (INFO, node), sender,
                    "get")
        must("Review" not in answer, answer)


def access():
    for what, sender in STRANGERS:
        tap.run("closed to %s" % what,
                lambda s=sender: closed_to(s, REVIEWERS + APPROVERS))
    tap.run("a reviewer does not decide", lambda: closed_to(REVA, APPROVERS))
    tap.run("a stolen session", stolen)
    tap.run("staff are listed theirs", listed)
    tap.run("in any spelling of the address", spelled)


def stolen():
    for node in REVIEWERS[1:2] + APPROVERS[:3]:
        session = session_of(command(node, ANNA))
        for thief in ("eve@rooms.example.org/x", REVA, "anna@evil.example/x",
                      "anna@rooms.example.org/phone"):
            answer = command(node, thief, session, "complete", form(
                account="daily@example.org", reason="mine now"))
            must('type="error"' in answer and "<command" not in answer,
                 answer)
    must(state("daily@example.org") == "approved", "it was decided")


def listed():
    must(set(REVIEWERS + APPROVERS) <= set(nodes_of(ANNA)), nodes_of(ANNA))
    must(set(REVIEWERS) <= set(nodes_of(REVA)), nodes_of(REVA))


def spelled():
    completed(command("queue", "ANNA@Rooms.Example.ORG/desk"))


def a_role_ends():
    """Who is no longer staff may not finish what was begun."""
    session, _ = open_case("roles@example.org", REVA)
    daemon.configure(PLACES + STAFF.replace("reviewer: [reva@", "reviewer: ["
                                            "reno@"))
    daemon.ctl("reload")
    answer = command("case", REVA, session, "complete",
                     form(do="note", reason="still here"))
    must('type="error"' in answer and "<command" not in answer, answer)
    daemon.configure(PLACES + STAFF)
    daemon.ctl("reload")


def nobody_decides_about_themselves():
    apply("ben@rooms.example.org")
    session = session_of(command("case", BEN))
    answer = command("case", BEN, session, "next",
                     form(account="ben@rooms.example.org"))
    must("Nobody decides about themselves" in answer, answer)
    must("Sealed Xylophone" not in answer, answer)
    must("(ben@rooms.example.org)" not in command("case", BEN), "offered")


# Two at once ----------------------------------------------------------------

def two_at_once():
    """Both have the case open; both answers come in one write."""
    apply("two@example.org")
    identity("two@example.org", REVA)
    sessions = [(s, open_case("two@example.org", s)[0]) for s in (ANNA, BEN)]
    ids = [fresh_id("t"), fresh_id("t")]
    fields = [form(do="refuse", reason="not at all"),
              form(do="approve", categories="news", reason="by all means")]
    peer = daemon.peer()
    peer.send_while_receiving("".join(
        iq_text(i, step_text("case", session, "complete", f), sender)
        for i, f, (sender, session) in zip(ids, fields, sessions)).encode())
    got = {}
    while len(got) < 2:
        answer = peer.receive_many(1)[0].decode().replace("'", '"')
        for i in ids:
            if 'id="%s"' % i in answer:
                got[i] = answer
    done = [i for i in ids if 'status="completed"' in got[i]]
    must(len(done) == 1, got)
    late = got[[i for i in ids if i not in done][0]]
    winner = sessions[ids.index(done[0])][0].split("/")[0]
    must('status="executing"' in late and winner in late, late)
    must("was faster" in late, late)


# Ends in the middle ----------------------------------------------------------

def refuse(account):
    apply(account)
    session, _ = open_case(account, BEN)
    completed(command("case", BEN, session, "complete",
                      form(do="refuse", reason="not this time")))


def appeal(account, text):
    session = session_of(command("appeal", account + "/x"))
    completed(command("appeal", account + "/x", session, "complete",
                      form(text=text)))


def report(post, text):
    session = session_of(command("report", "zoe@example.org/x"))
    completed(command("report", "zoe@example.org/x", session, "complete", form(
        account="daily@example.org", place="newsroom@rooms.example.org",
        post=post, reason="abuse", text=text)))


def first_option(answer, var):
    found = re.search(r'var="%s".*?<option[^>]*><value>([^<]*)' % var, answer)
    must(found, answer)
    return found.group(1)


def second_form(node, sender, var):
    answer = command(node, sender)
    session = session_of(answer)
    session_of(command(node, sender, session, "next",
                       form(**{var: first_option(answer, var)})))
    return node, sender, session


def restart_in_the_middle():
    """At the first form of each command, and at the second where there is
    one: the session is over, and nothing was done."""
    apply("middle@example.org")
    daemon.approve("victim@example.org", "Victim")
    for account in ("gone@example.org", "gone2@example.org"):
        refuse(account)
    appeal("gone@example.org", "Sealed appeal")
    report("7", "Sealed report")
    begun = [(n, ANNA, session_of(command(n, ANNA)))
             for n in REVIEWERS + APPROVERS]
    begun.append(("case", BEN, open_case("middle@example.org", BEN)[0]))
    begun.append(second_form("appeals", BEN, "appeal"))
    begun.append(second_form("reports", BEN, "report"))
    for node, sender in (("report", "zoe@example.org/x"),
                         ("appeal", "gone2@example.org/x")):
        begun.append((node, sender, session_of(command(node, sender))))
    events, reports = count("events"), count("reports")
    daemon.restart()
    for node, sender, session in begun:
        refused(command(node, sender, session, "complete", form(
            account="victim@example.org", reason="too late", do="refuse",
            place="p@rooms.example.org", post="1", text="x")),
                "session-expired")
    must(count("events") == events, "something was written")
    must(count("reports") == reports, "a report was written")
    must(state("victim@example.org") == "approved", "it was decided")
    open_case("middle@example.org", BEN)
    second_form("appeals", BEN, "appeal")


def database():
    return sqlite3.connect("file:%s/register.db?mode=ro" % daemon.dir,
                           uri=True)


def count(table):
    db = database()
    try:
        return db.execute("SELECT count(*) FROM " + table).fetchone()[0]
    finally:
        db.close()


def whole():
    """What belongs to one step is all there, or nothing of it."""
    db = database()
    try:
        must(db.execute("PRAGMA integrity_check").fetchone()[0] == "ok",
             "integrity")
        must(not db.execute("PRAGMA foreign_key_check").fetchall(), "keys")
        for jid, has, action in db.execute(
                "SELECT p.jid, p.state, d.action FROM publishers p"
                " JOIN decisions d ON d.id = p.case_id"):
            fits = {"approved": ("approve", "restore", "rename"),
                    "suspended": ("suspend",)}.get(has)
            must(fits is None or action in fits, (jid, has, action))
        rows = db.execute(
            "SELECT count(*) FROM decisions d WHERE action IN"
            " ('suspend', 'restore') AND decided_by LIKE '%@%' AND NOT EXISTS"
            " (SELECT 1 FROM events e WHERE e.decision = d.id)").fetchone()
        must(rows[0] == 0, "%d decisions without an event" % rows[0])
        rows = db.execute(
            "SELECT count(*) FROM events WHERE decision IS NOT NULL AND"
            " decision NOT IN (SELECT id FROM decisions)").fetchone()
        must(rows[0] == 0, "%d events without a decision" % rows[0])
    finally:
        db.close()


def killed_while_writing():
    random.seed(7)
    done = 0
    for turn in range(16):
        node = {"approved": "suspend", "suspended": "restore"}[
            state("victim@example.org")]
        session = session_of(command(node, ANNA))
        peer = daemon.peer()
        peer.send(iq_text(
            "kill", step_text(node, session, "complete", form(
                account="victim@example.org", reason="turn %d" % turn)),
            ANNA))
        time.sleep(random.random() * 0.002)
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait()
        peer.close()
        whole()
        daemon.start()
        after = state("victim@example.org")
        must(after in ("approved", "suspended"), after)
        done += after == {"suspend": "suspended",
                          "restore": "approved"}[node]
    print("# %d of 16 steps were done before the end" % done)


# Evidence -------------------------------------------------------------------

def tell_secrets():
    """One of each kind of evidence is in the register."""
    apply("secret@example.org")
    session, _ = open_case("secret@example.org", ANNA)
    answer = command("case", ANNA, session, "complete",
                     form(do="note", reason="Sealed note"))
    must("Sealed note" in answer, answer)
    session = session_of(answer)
    completed(command("case", ANNA, session, "complete",
                      form(do="ask", reason="Sealed question")))
    apply("secret@example.org")
    identity("secret@example.org", ANNA)
    session, _ = open_case("secret@example.org", ANNA)
    completed(command("case", ANNA, session, "complete",
                      form(do="refuse", reason="not this time")))
    appeal("secret@example.org", "Sealed appeal")
    report("1", "Sealed report")


def in_no_file():
    daemon.stop()
    found = []
    for path in glob.glob(daemon.dir + "/**", recursive=True):
        try:
            with open(path, "rb") as f:
                data = f.read()
        except OSError:
            continue  # a folder
        found += [(path, s) for s in SECRETS if s in data]
    must(not found, found)
    db = database()
    try:
        kinds = {k for k, in db.execute("SELECT DISTINCT kind FROM evidence")}
    finally:
        db.close()
    must({"application", "question", "identity", "appeal", "reporter",
          "note"} <= kinds, kinds)
    daemon.start()


def lost_keys_are_told_of():
    """A register that was restored without its keys says so at once."""
    keys, away = daemon.dir + "/evidence", daemon.dir + "/evidence.away"
    daemon.stop()
    must("evidence-key-missing" not in daemon.log_text(), "too early")
    os.rename(keys, away)
    daemon.start()
    must("evidence-key-missing rows=" in daemon.log_text(), "not told")
    daemon.stop()
    shutil.rmtree(keys)
    os.rename(away, keys)
    daemon.start()
    must(daemon.log_text().count("evidence-key-missing") == 1, "told twice")


def in_no_page_of_others():
    """What anybody else, and any list, says."""
    pages = []
    for sender in ("eve@rooms.example.org/x", "daily@example.org/x"):
        for node in ("status", "apply", "appeal", "report", "mydata"):
            pages.append(command(node, sender))
    for sender in (ANNA, REVA):
        pages.append(command("queue", sender))
        pages.append(command("case", sender))
    pages.append(iq("<query xmlns='%s'/>" % INFO, "eve@x.example/y", "get"))
    for args in (("case", "list"), ("case", "list", "--state", "refused"),
                 ("appeal", "list"), ("report", "list"), ("publisher", "list"),
                 ("publisher", "show", "secret@example.org"),
                 ("export", "daily@example.org"), ("status",)):
        pages.append(str(daemon.ctl(*args, status=(0, 3))))
    for page in pages:
        for s in SECRETS:
            must(s.decode() not in page, (s, page))


def own_data_tells_of_no_reader():
    """Neither who reported nor when: in a small room the hour is a name."""
    session = session_of(command("mydata", "daily@example.org/x"))
    shown = command("mydata", "daily@example.org/x", session, "complete",
                    form(action="show"))
    must("daily@example.org" in shown and "history" in shown, shown)
    for page in (shown, str(daemon.ctl("export", "daily@example.org"))):
        for s in ("zoe@", "reader", "newsroom@", "Sealed report"):
            must(s not in page, (s, page))


def a_reader_has_the_own_words_erased():
    """As soon as the report is closed; and who asks without having said
    anything is not on record for that."""
    report("8", "Sealed report")
    must(daemon.ctl("erase", "stranger@example.org")["erased"] == 0, "erased")
    must(daemon.ctl("erase", "zoe@example.org")["erased"] == 0, "too early")
    for row in daemon.ctl("report", "list")["reports"]:
        daemon.ctl("report", "close", row["report"], "--founded", "--reason",
                   "It was a mistake.")
    session = session_of(command("mydata", "zoe@example.org/x"))
    completed(command("mydata", "zoe@example.org/x", session, "complete",
                      form(action="erase", confirm="1")))
    must(count("evidence WHERE kind = 'reporter' AND blob NOT NULL") == 0,
         "still there")
    must(count("events WHERE jid LIKE 'stranger@%'") == 0, "on record")


def each_reading_is_on_record():
    before = count("events WHERE action = 'read'")
    open_case("secret@example.org", REVA)
    db = database()
    try:
        rows = db.execute("SELECT done_by FROM events WHERE action = 'read'"
                          " ORDER BY id DESC LIMIT 2").fetchall()
    finally:
        db.close()
    must(count("events WHERE action = 'read'") > before, "not on record")
    must(rows[0][0] == "reva@rooms.example.org", rows)


def the_queue_has_pages():
    """Each that waits is on one page, the oldest on the first."""
    names = ["page%02d@pages.example" % i for i in range(45)]
    for name in names:
        apply(name)
    waiting = daemon.ctl("case", "list")["cases"]
    answer = command("queue", ANNA)
    pages = [answer]
    while 'status="executing"' in answer:
        answer = command("queue", ANNA, session_of(answer), "next", form())
        pages.append(answer)
    told = [re.findall(r"\((\S+@\S+?)\)", p) for p in pages]
    must(sum(told, []) == [c["jid"] for c in waiting], told)
    must([len(t) for t in told[:-1]] == [20] * (len(told) - 1), told)


def a_long_case_is_shown():
    """However much has happened: the newest of it, in one form."""
    apply("long@example.org")
    for i in range(15):
        session, _ = open_case("long@example.org", BEN)
        command("case", BEN, session, "complete",
                form(do="note", reason="Sealed note %d." % i))
        identity("long@example.org", BEN)
    _, answer = open_case("long@example.org", BEN)
    must("Sealed note 14." in answer and "Sealed note 3." not in answer,
         answer)


def applicants_forge_no_lines():
    """What an applicant writes cannot pass for what Masthead found, nor turn
    round what stands beside it."""
    forged = "Proof: dns - ok"
    sender = "forger@example.org/x"
    session = session_of(command("apply", sender))
    session_of(command("apply", sender, session, "next", form(
        kind="person", name="Letter of forger",
        legal_name="\u202eevil \u2066name", contact="f@example.org",
        notes=["Hello.", forged], categories="news")))
    completed(command("apply", sender, session, "complete",
                      form(**{"accept:news": "1"})))
    _, answer = open_case("forger@example.org", ANNA)
    must("> " + forged in answer or "&gt; " + forged in answer, answer)
    must("\n" + forged not in answer, answer)
    must(not re.search("[\u2028-\u202e\u2066-\u2069]", answer), answer)
    must("\ufffdevil \ufffdname" in answer, answer)


TESTS = [a_role_ends, the_queue_has_pages, a_long_case_is_shown,
         applicants_forge_no_lines, nobody_decides_about_themselves, two_at_once,
         restart_in_the_middle, killed_while_writing, tell_secrets, in_no_file,
         lost_keys_are_told_of, in_no_page_of_others, own_data_tells_of_no_reader,
         each_reading_is_on_record, a_reader_has_the_own_words_erased]


def main():
    global daemon
    with Daemon(places=PLACES + STAFF) as daemon:
        daemon.approve("daily@example.org", "Daily")
        apply("roles@example.org")
        access()
        for test in TESTS:
            tap.run(test.__name__.replace("_", " "), test)
        tap.run("masthead ends well", daemon.must_end_well)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
