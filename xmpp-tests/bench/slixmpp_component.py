#!/usr/bin/python3
"""slixmpp_component.py PORT [bare]: the component on slixmpp, to compare with.

It gets the same bytes as Masthead and answers with the same bytes, or nearly:
who is on the register is told by the account's first letter, and the two
answers are fixed.  No register, no rules, no preparation of JIDs, no language.

Payloads are stanza classes, as slixmpp would have it; with `bare`, the
handlers work on the ElementTree below them, which no plug-in of slixmpp does
and which is the least that slixmpp can take.
"""
import copy
import logging
import sys
import xml.etree.ElementTree as ET

import slixmpp
from slixmpp.xmlstream import ElementBase, register_stanza_plugin
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath, StanzaPath

NS = "urn:masthead:guard:0"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
REFUSAL = ET.fromstring(f"""<error xmlns='{NS}' type='auth'>
<registration-required xmlns='{STANZAS}'/><text xmlns='{STANZAS}'
 xml:lang='en'>Your post was not published: in two@rooms.bench only approved
 publishers (News) post, and this account is not on their list yet. You can
 read along as before. To apply: mailto:x@example.org</text><refusal
 xmlns='urn:masthead:error:0' reason='not-registered'
 apply='mailto:x@example.org' appeal='mailto:x@example.org'/></error>"""
                        .replace("\n", ""))


class Attach(ElementBase):
    name = plugin_attrib = "attach"
    namespace = NS
    interfaces = {"epoch", "serial", "server"}


class Place(ElementBase):
    name = plugin_attrib = "place"
    plugin_multi_attrib = "places"
    namespace = NS
    interfaces = {"id", "kind", "name"}


class Check(ElementBase):
    name = plugin_attrib = "check"
    namespace = NS


class Item(ElementBase):
    name = plugin_attrib = "item"
    plugin_multi_attrib = "items"
    namespace = NS
    interfaces = {"n", "kind", "place", "room", "actor", "nick", "occupant",
                  "lang"}


class Verdicts(ElementBase):
    name = plugin_attrib = "verdicts"
    namespace = NS
    interfaces = {"epoch", "serial"}


class Verdict(ElementBase):
    name = plugin_attrib = "verdict"
    plugin_multi_attrib = "each"
    namespace = NS
    interfaces = {"n", "action", "lease"}


class Component(slixmpp.ComponentXMPP):
    def __init__(self, port, is_bare):
        super().__init__("masthead.bench", "secret", "127.0.0.1", port)
        for stanza in Attach, Check, Verdicts:
            register_stanza_plugin(slixmpp.Iq, stanza)
        register_stanza_plugin(Attach, Place, iterable=True)
        register_stanza_plugin(Check, Item, iterable=True)
        register_stanza_plugin(Verdicts, Verdict, iterable=True)
        self.register_handler(Callback(
            "attach", StanzaPath("iq@type=get/attach"), self.attach))
        self.register_handler(Callback(
            "check", MatchXPath("{jabber:component:accept}iq/{%s}check" % NS)
            if is_bare else StanzaPath("iq@type=set/check"),
            self.check_bare if is_bare else self.check))
        self.add_event_handler("disconnected", lambda _: self.loop.stop())

    def attach(self, iq):
        reply = iq.reply()
        reply["attach"]["epoch"] = "e"
        reply["attach"]["serial"] = "1"
        for number, name in enumerate(("one", "two", "three"), 1):
            place = Place()
            place["id"] = str(number)
            place["kind"] = "room"
            place["name"] = name
            reply["attach"].append(place)
        reply.send()

    def check(self, iq):
        reply = iq.reply()
        verdicts = reply["verdicts"]
        verdicts["epoch"] = "4zLz26gWOKrlmfnlB2iBIg"
        verdicts["serial"] = "2000002"
        for item in iq["check"]["items"]:
            verdict = Verdict()
            verdict["n"] = item["n"]
            if item["actor"].startswith("p") and item["place"]:
                verdict["action"] = "pass"
                verdict["lease"] = "300"
            else:
                verdict["action"] = "refuse"
                verdict["lease"] = "30"
                verdict.append(copy.deepcopy(REFUSAL))
            verdicts.append(verdict)
        reply.send()

    def check_bare(self, iq):
        verdicts = ET.Element("{%s}verdicts" % NS, serial="2000002",
                              epoch="4zLz26gWOKrlmfnlB2iBIg")
        for item in iq.xml.iter("{%s}item" % NS):
            is_known = item.attrib["actor"].startswith("p")
            verdict = ET.SubElement(verdicts, "{%s}verdict" % NS,
                                    action="pass" if is_known else "refuse",
                                    n=item.attrib["n"],
                                    lease="300" if is_known else "30")
            if not is_known:
                verdict.append(REFUSAL)
        reply = iq.reply()
        reply.xml.append(verdicts)
        reply.send()


logging.basicConfig(level=logging.CRITICAL)
component = Component(int(sys.argv[1]), sys.argv[2:] == ["bare"])
component.connect()
component.loop.run_forever()
