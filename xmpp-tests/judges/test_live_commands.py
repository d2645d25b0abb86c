#!/usr/bin/python3
"""An outside judge of commands: slixmpp, which has its own mind about
disco, forms, validation, commands and registration, finds the service, looks
at who runs it, and applies through a real server as any client would.
"""

import asyncio
import os
import subprocess
import sys

import slixmpp

from test_live_badge import SERVERS, COMPONENT, Deployment, hear, ok

PLUGINS = ("xep_0030", "xep_0004", "xep_0050", "xep_0066", "xep_0077",
           "xep_0092", "xep_0122", "xep_0128", "xep_0199")
COMMANDS = "http://jabber.org/protocol/commands"


class Client(slixmpp.ClientXMPP):
    def __init__(self, user, port):
        super().__init__(user + "@localhost/judge", "secret")
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        self.plugin["feature_mechanisms"].unencrypted_plain = True
        self.started = asyncio.Event()
        self.notices = []
        self.add_event_handler("session_start", self.on_start)
        self.add_event_handler("message", self.notices.append)
        self.connect(("127.0.0.1", port), force_starttls=False,
                     disable_starttls=True)

    async def on_start(self, _):
        self.send_presence()
        self.started.set()

    async def command(self, node, action="execute", answers=None,
                      session=None):
        """The command of the answer; `answers` fill the form that came."""
        payload = None
        if answers is not None:
            form = self.plugin["xep_0004"].make_form(ftype="submit")
            for var, value in answers.items():
                form.add_field(var=var, value=value)
            payload = form
        iq = await self.plugin["xep_0050"].send_command(
            COMPONENT, node, action=action, payload=payload,
            sessionid=session, timeout=15)
        return iq["command"]

    async def condition_of(self, *args, **kwargs):
        try:
            await self.command(*args, **kwargs)
        except slixmpp.exceptions.IqError as e:
            return e.iq["error"]["condition"]
        return None


def forms_of(info):
    found = {}
    for x in info.xml.iter("{jabber:x:data}x"):
        values = slixmpp.plugins.xep_0004.stanza.Form(x).get_values()
        kind = values.pop("FORM_TYPE", None)
        found[kind[0] if isinstance(kind, list) else kind] = values
    return found


async def finds_the_service(alice):
    disco = alice.plugin["xep_0030"]
    info = await disco.get_info(jid=COMPONENT, timeout=10)
    features = info["disco_info"]["features"]
    ok({COMMANDS, "jabber:iq:register", "jabber:iq:version",
        "urn:xmpp:ping"} <= set(features), "features are told", features)
    kinds = {(i[0], i[1]) for i in info["disco_info"]["identities"]}
    ok(("component", "generic") in kinds, "so is the identity", kinds)
    forms = forms_of(info)
    operator = forms.get("urn:masthead:operator:0", {})
    ok(operator.get("name") == "Example e.V." and
       operator.get("country") == "DE" and
       operator.get("register") == "VR 1234" and
       operator.get("contact") == "mailto:operator@example.org",
       "who runs it is told", operator)
    ok(operator.get("categories") == ["news"] and
       operator.get("title:news") == "News" and
       operator.get("agreement:news") == "1",
       "what one can be approved for as well", operator)
    contact = forms.get("http://jabber.org/network/serverinfo", {})
    ok(contact.get("abuse-addresses") == ["mailto:operator@example.org"],
       "and whom to write to (XEP-0157)", contact)
    version = await alice.plugin["xep_0092"].get_version(COMPONENT,
                                                         timeout=10)
    ok(version["software_version"]["name"] == "Masthead", "its version")
    ok(await alice.plugin["xep_0199"].ping(COMPONENT, timeout=10) >= 0,
       "it answers a ping")


async def lists_commands(alice, staff):
    def nodes(items):
        return [i[1] for i in items["disco_items"]["items"]]

    disco = alice.plugin["xep_0030"]
    mine = nodes(await disco.get_items(jid=COMPONENT, node=COMMANDS,
                                       timeout=10))
    theirs = nodes(await staff.plugin["xep_0030"].get_items(
        jid=COMPONENT, node=COMMANDS, timeout=10))
    ok({"apply", "status", "withdraw", "mydata"} <= set(mine),
       "commands are listed", mine)
    ok("queue" not in mine and "queue" in theirs,
       "staff's to staff alone", theirs)
    ok(await alice.condition_of("queue") == "forbidden",
       "and forbidden to others")
    ok(await alice.condition_of("nowhere") == "item-not-found",
       "a command that is none is not found")
    info = await disco.get_info(jid=COMPONENT, node="apply", timeout=10)
    kinds = {(i[0], i[1]) for i in info["disco_info"]["identities"]}
    ok(("automation", "command-node") in kinds and
       "jabber:x:data" in info["disco_info"]["features"],
       "a command has its information", kinds)


def field_of(form, var):
    return form.get_fields().get(var)


async def applies(alice):
    first = await alice.command("apply")
    form = first["form"]
    ok(first["status"] == "executing" and first["actions"] == {"next"},
       "the first page wants a next one", first["actions"])
    ok(field_of(form, "name")["type"] == "text-single" and
       field_of(form, "name")["required"] and
       field_of(form, "categories")["type"] == "list-multi" and
       [o["value"] for o in field_of(form, "kind")["options"]] ==
       ["organisation", "person"], "its fields are read", form)
    validate = field_of(form, "categories")["validate"]
    ok(validate["datatype"] == "xs:string" and
       validate.xml.find("{http://jabber.org/protocol/xdata-validate}"
                         "list-range").get("min") == "1",
       "and what they allow (XEP-0122)", validate)
    answers = {"FORM_TYPE": "urn:masthead:apply:0", "kind": "person",
               "name": "Alice Letters", "legal_name": "Alice Liddell",
               "contact": "nowhere", "categories": ["news"],
               "notes": ["one", "two"]}
    again = await alice.command("apply", "next", answers, first["sessionid"])
    ok(again["status"] == "executing" and
       again["notes"] and again["notes"][0][0] == "error" and
       again["form"].get_values()["legal_name"] == "Alice Liddell" and
       again["form"].get_values()["notes"] in ("one\ntwo", ["one", "two"]) and
       "mail address" in field_of(again["form"], "contact")["desc"],
       "mistakes come back, the rest kept", again)
    answers["contact"] = "alice@example.org"
    second = await alice.command("apply", "next", answers,
                                 first["sessionid"])
    ok(second["actions"] == {"prev", "complete"} and
       "authentic" in str(field_of(second["form"],
                                   "agreement:news")["value"]),
       "the second page has the agreement", second)
    done = await alice.command("apply", "complete", {"accept:news": True},
                               first["sessionid"])
    ok(done["status"] == "completed" and done["notes"][0][0] == "info",
       "it is submitted", done)
    ok(await alice.condition_of("apply", "complete", {"accept:news": True},
                                first["sessionid"]) == "not-allowed",
       "once")
    status = await alice.command("status")
    ok(status["form"].get_values().get("name") == "Alice Letters",
       "and can be looked at", status)
    for _ in range(100):
        if alice.notices:
            break
        await asyncio.sleep(0.1)
    ok(alice.notices and "Alice Letters" in alice.notices[0]["body"],
       "a message says so", alice.notices)


async def registers(bob):
    plugin = bob.plugin["xep_0077"]
    iq = await plugin.get_registration(COMPONENT, timeout=10)
    form = iq["register"]["form"]
    ok(field_of(form, "legal_name")["required"] and
       "apply" in iq["register"]["instructions"],
       "registration has the form and says what it is", iq)
    ok("xmpp:%s?command;node=apply" % COMPONENT in str(iq),
       "and leads to the command")


async def run(deployment):
    clients = [Client(user, deployment.c2s_port)
               for user in ("alice", "bob", "staff")]
    await asyncio.wait_for(asyncio.gather(
        *[c.started.wait() for c in clients]), 20)
    alice, bob, staff = clients
    await finds_the_service(alice)
    await lists_commands(alice, staff)
    await applies(alice)
    await registers(bob)
    for client in clients:
        client.disconnect(wait=0.1)


def main():
    port = os.environ.get("PORT_BASE") or subprocess.run(
        [SERVERS + "/free-ports", "15490"], check=True, capture_output=True,
        text=True).stdout.strip()
    return hear(lambda: Deployment(int(port)), run)


if __name__ == "__main__":
    sys.exit(main())
