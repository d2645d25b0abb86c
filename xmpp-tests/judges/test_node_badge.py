#!/usr/bin/python3
"""Outside judges on nodes: a client that is not ours (slixmpp, XEP-0060 and
XEP-0163) publishes to nodes of a real server, subscribes, hears of contacts'
microblogs and reads items back, with the badge in their Atom entries.  It
finds the issuer by disco alone, and has jwcrypto check each token against the
issuer's keys.  Whom a token is for is compared with what an encoder says that
was written from RFC 5122, not from Masthead's.
"""

import asyncio
import os
import subprocess
import sys
import time

import slixmpp
from slixmpp.xmlstream import ET
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

import test_live_badge as live
from test_live_badge import BADGE, ident_of, jwcrypto_claims, ok, until

ATOM = "{http://www.w3.org/2005/Atom}"
PUBLISHER = "{urn:masthead:badge:0}publisher"
SERVICE = "pubsub.localhost"
MICROBLOG = "urn:xmpp:microblog:0"
# What has to be encoded in an IRI, what need not, and beyond ASCII.
ODD = "urn:example:odd/50%&more;x=y+z?#[a]{b}|c^`d\\e\"f<g>@h!(i)~ü✓ end"
ODD_PLACE = '{node: "urn:example:odd*", owner: "*@localhost", publish: [news]}'


class Client(live.Client):
    """Publishes and reads nodes; keeps what it is notified of."""

    def __init__(self, user, port):
        super().__init__(user, port)
        for plugin in ("xep_0060", "xep_0115", "xep_0163"):
            self.register_plugin(plugin)
        self.auto_authorize = self.auto_subscribe = True
        self.add_event_handler("session_start", lambda _: self.send_presence())
        # The event "message" is for what has a body.
        self.notes = []
        self.register_handler(Callback("notes", MatchXPath(
            "{jabber:client}message/"
            "{http://jabber.org/protocol/pubsub#event}event"),
            self.notes.append))

    def entry(self, title, *terms):
        entry = ET.Element(ATOM + "entry")
        ET.SubElement(entry, ATOM + "title").text = title
        for term in terms:
            ET.SubElement(entry, ATOM + "category", {"term": term})
        return entry

    async def publish(self, to, node, ident, payload):
        await self.plugin["xep_0060"].publish(to, node, id=ident,
                                              payload=payload, timeout=10)

    async def fetch(self, jid, node, ident):
        """The item's payload, as the node keeps it."""
        reply = await self.plugin["xep_0060"].get_items(jid, node, timeout=10)
        for item in reply.xml.iter("{http://jabber.org/protocol/pubsub}item"):
            if item.get("id") == ident:
                return item[0]
        return None

    def heard(self, jid, ident):
        """The item's payload, as a notification had it."""
        event = "{http://jabber.org/protocol/pubsub#event}"
        for m in self.notes:
            for item in m.xml.iter(event + "item"):
                if item.get("id") == ident and m["from"].bare == jid:
                    return item[0]
        return None

    async def forms(self, jid, node=None):
        """{FORM_TYPE: values} of a disco#info."""
        info = await self.plugin["xep_0030"].get_info(jid=jid, node=node,
                                                      timeout=10)
        found = {}
        for x in info.xml.iter("{jabber:x:data}x"):
            values = {f.get("var"): "".join(f.itertext()).strip() for f in
                      x.iter("{jabber:x:data}field")}
            found[values.get("FORM_TYPE")] = values
        return found

    async def issuer(self, jid, node=None):
        """Whom to trust there, as the service itself says."""
        forms = await self.forms(jid, node)
        return forms.get("urn:masthead:badge:0", {}).get("masthead#issuer")

    async def look_up(self, jid):
        iq = self.make_iq_get(ito=live.COMPONENT)
        iq.append(ET.Element(BADGE, {"jid": jid}))
        return (await iq.send(timeout=10)).xml.find(PUBLISHER)


def iri(service, node):
    """xmpp:SERVICE?;node=NODE.  A value in the query keeps letters, digits
    and the marks that separate nothing; beyond ASCII it is an IRI's own."""
    kept = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
               "0123456789-._~!$'()*,:@/")
    value = "".join(c if c in kept or ord(c) >= 0x80 else "%%%02X" % ord(c)
                    for c in node)
    return "xmpp:%s?;node=%s" % (service, value)


async def condition_of(call):
    """The condition of the error that a request gets; "" if it gets none."""
    try:
        await call
    except slixmpp.exceptions.IqError as e:
        return e.condition
    return ""


def judge_badge(payload, issuer, jwks, aud, name):
    """The claims of the badge in an entry."""
    badge = payload.find(BADGE) if payload is not None else None
    ok(badge is not None and badge.get("by") == issuer and
       badge.get("id") == ident_of(badge.text or ""),
       name + ": a full badge of the issuer that disco names")
    if badge is None:
        return
    claims = jwcrypto_claims(jwks, badge.text) or {}
    ok(claims.get("iss") == issuer, name + ": jwcrypto verifies it", claims)
    ok(claims.get("aud") == aud, name + ": it is for this node",
       "%s, not %s" % (claims.get("aud"), aud))
    ok(claims.get("sub") == "xmpp:daily@localhost" and
       claims.get("name") == "Daily Example" and
       claims.get("cat") == ["news"] and
       not {"occ", "nick"} & set(claims), name + ": it names the publisher",
       claims)
    ok(time.time() < claims.get("exp", 0) <= claims.get("iat", 0) + 86400,
       name + ": for a day at most", claims)
    other = "A" if badge.text[-8] != "A" else "B"
    ok(jwcrypto_claims(jwks, badge.text[:-8] + other + badge.text[-7:]) is
       None, name + ": with a digit changed it fails")


async def judge_service(alice, daily, issuer, jwks):
    await alice.plugin["xep_0060"].subscribe(SERVICE, "news", bare=False,
                                             timeout=10)
    await daily.publish(SERVICE, "news", "n1", daily.entry("news"))
    heard = await until(lambda: alice.heard(SERVICE, "n1"), "item")
    judge_badge(heard, issuer, jwks, iri(SERVICE, "news"), "notified")
    kept = await alice.fetch(SERVICE, "news", "n1")
    ok(ET.canonicalize(ET.tostring(kept)) ==
       ET.canonicalize(ET.tostring(heard)), "read back, it is the same")


async def heard_first(alice, daily):
    """The first entry of a contact that is heard: the server has to ask what
    one is interested in before, which it does when it likes."""
    for n in range(100):
        ident = "b0-%d" % n
        await daily.publish(None, MICROBLOG, ident, daily.entry("cat"))
        await asyncio.sleep(0.1)
        heard = alice.heard("daily@localhost", ident)
        if heard is not None:
            return heard
    raise RuntimeError("nothing of a contact in time")


async def judge_account(alice, daily, issuer, jwks):
    alice.plugin["xep_0163"].add_interest(MICROBLOG)
    await alice.plugin["xep_0115"].update_caps()
    alice.send_presence_subscription(pto="daily@localhost")
    await until(lambda: "daily@localhost" in alice.client_roster and
                alice.client_roster["daily@localhost"]["subscription"] ==
                "both" or None, "subscription")
    alice.send_presence()
    plain = await heard_first(alice, daily)
    ok(plain.find(BADGE) is None, "what is not labelled has no badge")
    await daily.publish(None, MICROBLOG, "b2", daily.entry("news", "news"))
    heard = await until(lambda: alice.heard("daily@localhost", "b2"), "item")
    judge_badge(heard, issuer, jwks, iri("daily@localhost", MICROBLOG),
                "a contact's microblog")
    await daily.publish(None, ODD, "o1", daily.entry("news"))
    judge_badge(await daily.fetch("daily@localhost", ODD, "o1"), issuer, jwks,
                iri("daily@localhost", ODD), "a node with an odd name")


async def judge_refusals(mallory):
    entry = mallory.entry("news", "news")
    ok(await condition_of(mallory.publish(SERVICE, "news", "m1", entry)) ==
       "registration-required", "who is not approved is refused")
    ok(await condition_of(mallory.publish(None, MICROBLOG, "m2", entry)) ==
       "registration-required", "in an own node, too")
    ok(await condition_of(mallory.publish(None, MICROBLOG, "m3",
                                          mallory.entry("cat"))) == "",
       "but not without the label")


async def judge_look_up(alice, jwks):
    found = await alice.look_up("daily@localhost")
    claims = jwcrypto_claims(jwks, found.findtext(BADGE) or "") or {}
    ok(found.get("state") == "approved" and
       found.get("name") == "Daily Example" and
       claims.get("aud") == "xmpp:localhost" and
       claims.get("sub") == "xmpp:daily@localhost",
       "asked for by account, there is a token for the asker's domain", claims)
    ok(await condition_of(alice.look_up("mallory@localhost")) ==
       "item-not-found", "of who is none, nothing is known")


async def judge(_, alice, daily, mallory):
    issuers = [await alice.issuer(SERVICE),
               await alice.issuer(SERVICE, "news"),
               await daily.issuer("daily@localhost"),
               await alice.issuer("newsroom@rooms.localhost")]
    issuer = issuers[0]
    ok(issuer == live.COMPONENT and len(set(issuers)) == 1,
       "service, node, account and room name the issuer", issuers)
    jwks = await alice.jwks()
    await judge_service(alice, daily, issuer, jwks)
    await judge_account(alice, daily, issuer, jwks)
    await judge_refusals(mallory)
    await judge_look_up(alice, jwks)


async def run(deployment):
    clients = [Client(user, deployment.c2s_port)
               for user in ("alice", "daily", "mallory")]
    await asyncio.wait_for(asyncio.gather(*[c.started.wait()
                                            for c in clients]), 20)
    for client in clients:
        await client.get_roster()
    await judge(deployment, *clients)
    for client in clients:
        client.disconnect(wait=0.1)


def main():
    port = os.environ.get("PORT_BASE") or subprocess.run(
        [live.SERVERS + "/free-ports", "15490"], check=True,
        capture_output=True, text=True).stdout.strip()
    return live.hear(lambda: live.Deployment(int(port), "--places", ODD_PLACE),
                     run)


if __name__ == "__main__":
    sys.exit(main())
