#!/usr/bin/python3
"""The Prosody guard at nodes (XEP-0060, XEP-0163), against a component that
answers late, twice, not at all, in the wrong order, or goes away.

Usage: test_guard_nodes.py [PORT_BASE [WORDS]]
Starts private Prosodys on PORT_BASE and the ports after it; prints TAP.
With WORDS, only tests whose name has all of them.
"""
import asyncio
import collections
import glob
import hashlib
import http.server
import random
import signal
import sys
import threading
import traceback
import xml.etree.ElementTree as ET

from prosody_rig import (BADGE_NS, Client, Component, GUARD_NS, HATS_NS, Prosody,
                         SECRET, Stream, local, outcome)

BASE = int(sys.argv[1]) if len(sys.argv) > 1 else 21100
WORDS = sys.argv[2:]
PUBSUB_NS = 'http://jabber.org/protocol/pubsub'
OWNER_NS = PUBSUB_NS + '#owner'
EVENT_NS = PUBSUB_NS + '#event'
ATOM_NS = 'http://www.w3.org/2005/Atom'
DISCO_NS = 'http://jabber.org/protocol/disco#info'
OLD_HATS_NS = 'xmpp:prosody.im/protocol/hats:1'
BLOG = 'urn:xmpp:microblog:0'
BULLETIN = 'urn:example:bulletin:0'
SERVICE = 'pubsub.localhost'

HOST_PLACES = f"""
<place id='201' kind='node' name='news' badge='full'/>
<place id='202' kind='node' name='lenient' unavailable='pass'/>
<place id='203' kind='node' name='watched' mode='observe' unavailable='pass'/>
<place id='204' kind='node' name='honour' when='labelled'><label term='news'/></place>
<place id='205' kind='node' name='clear' encrypted='refuse'/>
<place id='206' kind='node' name='exempt' exempt='owner publisher'/>
<place id='207' kind='node' name='g/*'/>
<place id='208' kind='node' name='g/deep/*'/>
<place id='209' kind='node' name='g/deep/one'/>"""
ACCOUNT_PLACES = f"""
<place id='301' kind='node' name='{BLOG}' owner='*' when='labelled'><label term='news'/></place>
<place id='302' kind='node' name='{BULLETIN}' owner='*'/>
<place id='303' kind='node' name='{BULLETIN}' owner='daily'/>
<place id='304' kind='node' name='{BLOG}:comments/*' owner='*'/>
<place id='305' kind='node' name='only-daily' owner='daily'/>
<place id='306' kind='node' name='daily news' owner='*'/>
<place id='307' kind='node' name='loose*' owner='*' mode='observe' unavailable='pass'/>"""

NODES = ('news', 'lenient', 'watched', 'honour', 'clear', 'exempt', 'free', 'g/a', 'g/deep/a', 'g/deep/one')
GUARD = 'masthead_component = "masthead.localhost"'
VHOST = '''modules_enabled = {{ "pep", "bookmarks", "vcard_legacy", "masthead", "test_publish" }}
    {guard}
    {vhost}
Component "pubsub.localhost" "pubsub"
    modules_enabled = {{ "masthead", "test_publish" {modules} }}
    admins = {{ "admin@localhost" }}
    {guard}
    {service}
'''

tests = []


def test(function):
    tests.append(function)
    return function


def eq(got, want):
    if got != want:
        raise AssertionError(f'got {str(got)[:600]}\nwant {str(want)[:600]}')


def server(base, guard=GUARD, vhost='', service='', modules='', **kw):
    """A Prosody with guards on accounts and on a pubsub service, none on
    rooms."""
    return Prosody(base, guard='', vhost=VHOST.format(
        guard=guard, vhost=vhost, service=service, modules=modules), **kw)


class Masthead(Component):
    """Lists for each host."""

    def __init__(self):
        super().__init__()
        self.by_host = {'localhost': ACCOUNT_PLACES, SERVICE: HOST_PLACES}
        self.attached_hosts = set()
        self.heard = 0

    def received(self, element):
        self.heard += 1
        super().received(element)

    def answer_attach(self, iq):
        self.places = self.by_host.get(iq.get('from'), '')
        self.attached_hosts.add(iq.get('from'))
        super().answer_attach(iq)

    async def all_attached(self, count=2):
        while len(self.attached_hosts) < count:
            await asyncio.sleep(0.01)
        for host in list(self.attached_hosts):
            await self.request(f"<probe xmlns='{GUARD_NS}' epoch='{self.epoch}'/>", to=host, kind='get')

    def passing(self, item, lease=0, expires=None):
        return (f"action='pass' lease='{lease}'>"
                f"<badge xmlns='{BADGE_NS}' id='ID' by='{self.domain}'>TOKEN</badge>")


def entry(title='x', inner=''):
    return (f"<entry xmlns='{ATOM_NS}'><title>{title}</title><id>{title}</id>{inner}</entry>")


def category(term='news'):
    return f"<category term='{term}'/>"


def item(ident, payload=None):
    return f"<item id='{ident}'>{entry(ident) if payload is None else payload}</item>"


def publish(ident, node='news', items=None, to=SERVICE, extra='', ns=None, lang=None):
    where = f" to='{to}'" if to else ''
    ns = f" xmlns='{ns}'" if ns else ''
    lang = f" xml:lang='{lang}'" if lang else ''
    return (f"<iq type='set' id='{ident}'{where}{lang}><pubsub xmlns='{PUBSUB_NS}'>"
            f"<publish node='{node}'{ns}>{item(ident) if items is None else items}</publish>{extra}</pubsub></iq>")


def form(form_type, **fields):
    values = ''.join(f"<field var='pubsub#{k}'><value>{v}</value></field>" for k, v in fields.items())
    return (f"<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>"
            f"<value>{PUBSUB_NS}#{form_type}</value></field>{values}</x>")


def has(stanza, name, ns):
    return any(e.tag == f'{{{ns}}}{name}' for e in stanza.iter())


def has_badge(stanza):
    return [e.text for e in stanza.iter(f'{{{BADGE_NS}}}badge')]


def marks(stanza):
    """Whatever is in one of our namespaces, elements and attributes."""
    return [name for e in stanza.iter() for name in [e.tag, *e.attrib]
            if any(ns in name for ns in ('urn:masthead:', HATS_NS, OLD_HATS_NS))]


class World:
    """The main server, its component, and clients for each test."""

    def __init__(self):
        self.epochs = 0
        self.resources = 0
        self.clients = []
        self.clock = 0

    async def start(self, base=BASE, nodes=NODES, **kw):
        self.prosody = server(base, **kw)
        self.prosody.account('admin')
        await self.prosody.start()
        await self.connect()
        await self.make(nodes)
        return self

    async def make(self, nodes=NODES):
        admin = await self.client('admin')
        for node in nodes:
            config = form('node_config', publish_model='open', max_items='256')
            eq(await self.ask(admin, f'make-{node}', f"<pubsub xmlns='{PUBSUB_NS}'><create node='{node}'/>"
                              f"<configure>{config}</configure></pubsub>"), 'ok')

    async def ask(self, client, ident, inside, to=SERVICE, kind='set'):
        where = f" to='{to}'" if to else ''
        client.send(f"<iq type='{kind}' id='{ident}'{where}>{inside}</iq>")
        return await client.end_of(ident)

    async def connect(self, **kw):
        self.epochs += 1
        c = self.component = Masthead()
        c.epoch = f'e{self.epochs}'
        for key, value in kw.items():
            setattr(c, key, value)
        await c.login(self.prosody.component)
        await asyncio.wait_for(c.all_attached(), 5)
        return c

    async def reset(self):
        for client in self.clients:
            client.drop()
        self.clients = []
        self.component.drop()
        await asyncio.sleep(0.05)
        await self.connect()

    async def client(self, user):
        self.resources += 1
        client = await Client().login(self.prosody.c2s, user, f'r{self.resources}')
        self.clients.append(client)
        return client

    async def items(self, client, node, to=SERVICE):
        """The items of a node, oldest first."""
        where = f" to='{to}'" if to else ''
        client.send(f"<iq type='get' id='items'{where}><pubsub xmlns='{PUBSUB_NS}'>"
                    f"<items node='{node}'/></pubsub></iq>")
        reply = await client.until(lambda s: s.get('id') == 'items')
        return list(reply.iter(f'{{{PUBSUB_NS}}}item'))

    async def published(self, client, ident, node, to=SERVICE):
        found = [i for i in await self.items(client, node, to) if i.get('id') == ident]
        eq(len(found), 1)
        return found[0]

    async def tick(self, seconds):
        self.clock += seconds
        await self.prosody.advance(self.clock)
        await asyncio.sleep(0.3)

    async def component_client(self):
        """Another component, which may say that it is anybody of its domain."""
        c = Stream()
        await c.connect(self.prosody.component)
        c.send("<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
               "xmlns:stream='http://etherx.jabber.org/streams' to='other.localhost'>")
        await c.opened.wait()
        digest = hashlib.sha1((c.attrs['id'] + SECRET).encode()).hexdigest()
        c.send(f'<handshake>{digest}</handshake>')
        await c.next()
        self.clients.append(c)
        return c


# What is asked, and what is not ----------------------------------------------

@test
async def publish_to_a_service_is_asked_about_and_badged(w):
    c, a, b = w.component, await w.client('daily'), await w.client('bob')
    eq(await w.ask(b, 'sub', f"<pubsub xmlns='{PUBSUB_NS}'><subscribe node='news' jid='{b.jid}'/></pubsub>"), 'ok')
    a.send(publish('p1', lang='de'))
    eq(await a.end_of('p1'), 'ok')
    eq(c.items, [{'n': '1', 'kind': 'publish', 'place': '201', 'node': 'news', 'actor': 'daily@localhost',
                  'lang': 'de', '_reprints': [], '_labels': []}])
    note = await b.until(lambda s: any(e.get('id') == 'p1' for e in s.iter()))
    e = next(note.iter(f'{{{ATOM_NS}}}entry'))
    eq([x.text for x in e.findall(f'{{{BADGE_NS}}}badge')], ['TOKEN'])
    eq(has_badge(await w.published(b, 'p1', 'news')), ['TOKEN'])


@test
async def publish_to_an_account_is_asked_about_and_badged(w):
    c, a = w.component, await w.client('daily')
    for n, to in enumerate((None, 'daily@localhost')):
        a.send(publish(f'p{n}', BULLETIN, to=to))
        reply = await a.until(lambda s, n=n: s.get('id') == f'p{n}')
        eq((reply.get('type'), reply.get('from') in (None, 'daily@localhost')), ('result', True))
        eq(has_badge(await w.published(a, f'p{n}', BULLETIN, to)), ['TOKEN'])
    wanted = {'n': '1', 'kind': 'publish', 'place': '303', 'owner': 'daily', 'node': BULLETIN,
              'actor': 'daily@localhost', '_reprints': [], '_labels': []}
    eq([{k: v for k, v in i.items() if k != 'lang'} for i in c.items], [wanted, wanted])


@test
async def refused_publish_is_bounced_and_not_published(w):
    c, a = w.component, await w.client('mallory')
    c.policy = lambda i: c.refusing()
    for ident, node, to in (('r1', 'news', SERVICE), ('r2', BULLETIN, None), ('r3', BULLETIN, 'mallory@localhost')):
        a.send(publish(ident, node, to=to))
        reply = await a.until(lambda s, ident=ident: s.get('id') == ident)
        eq((reply.get('type'), reply.get('from') or ''), ('error', to or '') if ident != 'r3' else
           ('error', reply.get('from') or ''))
        error = next(e for e in reply if local(e.tag) == 'error')
        eq((error.get('type'), error.get('by')), ('auth', SERVICE if to == SERVICE else 'localhost'))
        assert has(reply, 'refusal', 'urn:masthead:error:0')
        eq([i.get('id') for i in await w.items(a, node, to) if i.get('id') == ident], [])


@test
async def most_specific_place_wins(w):
    c, a, b = w.component, await w.client('daily'), await w.client('bob')
    for n, (who, node, to, want) in enumerate((
            (a, 'g/a', SERVICE, '207'), (a, 'g/deep/a', SERVICE, '208'), (a, 'g/deep/one', SERVICE, '209'),
            (a, BULLETIN, None, '303'), (b, BULLETIN, None, '302'), (b, BLOG + ':comments/1', None, '304'),
            (a, BLOG + ':comments/', None, '304'), (a, 'only-daily', None, '305'),
            (b, 'only-daily', None, None), (a, 'free', SERVICE, None))):
        before = len(c.items)
        who.send(publish(f's{n}', node, to=to))
        eq(await who.end_of(f's{n}'), 'ok')
        eq([i['place'] for i in c.items[before:]], [want] if want else [])


@test
async def other_nodes_are_not_even_looked_at(w):
    """OMEMO keys, bookmarks, an avatar, a vCard: as without a guard."""
    c, a = w.component, await w.client('daily')
    before = c.heard
    fake = f"<badge xmlns='{BADGE_NS}'/><hats xmlns='{HATS_NS}'/>"
    for n, node in enumerate(('eu.siacs.conversations.axolotl.devicelist', 'urn:xmpp:omemo:2:devices',
                              'urn:xmpp:openpgp:0:public-keys', 'urn:xmpp:bookmarks:1', 'storage:bookmarks',
                              'urn:xmpp:avatar:metadata', 'urn:xmpp:vcard4', 'http://jabber.org/protocol/nick',
                              'http://jabber.org/protocol/mood', 'urn:xmpp:mds:displayed:0', 'urn:x:mine')):
        a.send(publish(f'o{n}', node, item(f'o{n}@x', f"<p xmlns='urn:x:p'>{fake}</p>"), to=None))
        eq(await a.end_of(f'o{n}'), 'ok')
        if node != 'storage:bookmarks':  # which mod_bookmarks takes apart
            eq(len(marks((await w.items(a, node, None))[0])), 2)
    eq(c.heard, before)


@test
async def every_spelling_of_a_publish_is_asked_about(w):
    """What the server publishes, the guard has asked about; what it does not
    publish, costs nothing."""
    c, a = w.component, await w.client('daily')
    c.policy = lambda i: c.refusing()
    options = f"<publish-options>{form('publish-options', access_model='open')}</publish-options>"
    pub = f"xmlns='{PUBSUB_NS}'"
    spelled = {
        'several': publish('several', items=item('several') + item('second') + item('third')),
        'options': publish('options', extra=options),
        'resource': publish('resource', to=SERVICE + '/x'),
        'noid': publish('noid', items=f'<item>{entry()}</item>'),
        'prefix': (f"<iq type='set' id='prefix' to='{SERVICE}'><q:pubsub xmlns:q='{PUBSUB_NS}'><q:publish node='news'>"
                   f"<q:item>{entry()}</q:item></q:publish></q:pubsub></iq>"),
        'payload': publish('payload', items=item('payload', "<a xmlns='urn:x'/>")),
        'second': (f"<iq type='set' id='second' to='{SERVICE}'><pubsub {pub}><publish node='news'>{item('second')}"
                   f"</publish><publish node='free'>{item('second')}</publish></pubsub></iq>"),
    }
    refused = {
        'evil': publish('evil', ns='urn:evil'),
        'evilitem': publish('evilitem', ns='urn:evil', items=f"<item {pub}>{entry()}</item>"),
        'client': publish('client', ns='jabber:client'),
        'empty': publish('empty', items=''),
        'nopayload': publish('nopayload', items="<item id='nopayload'/>"),
        'two': publish('two', items=f"<item id='two'>{entry()}{entry()}</item>"),
        'nonode': publish('nonode').replace(" node='news'", ''),
        'missing': publish('missing', node='g/missing'),
        'owner': publish('owner').replace(f"<pubsub xmlns='{PUBSUB_NS}'>", f"<pubsub xmlns='{OWNER_NS}'>"),
        'late': publish('late').replace('<publish', "<x/><publish"),
        'onlybadge': publish('onlybadge', items=item('onlybadge', f"<badge xmlns='{BADGE_NS}'/>")),
    }
    for ident, xml in spelled.items():
        a.send(xml)
        eq((ident, await a.end_of(ident)), (ident, 'not-registered'))
        eq((ident, len(c.items)), (ident, 1))
        c.items.clear()
    for ident, xml in refused.items():
        a.send(xml)
        assert await a.end_of(ident) not in ('ok', 'not-registered', 'closed', 'unavailable'), ident
        eq((ident, c.items), (ident, []))
    eq([i.get('id') for i in await w.items(a, 'free') if i.get('id') == 'second'], [])


@test
async def names_with_line_breaks_are_what_readers_read(w):
    """The server writes a tab or a line break in a name as it is, and XML
    makes a space of it: for Masthead and every reader it is the other name."""
    c, a, b = w.component, await w.client('daily'), await w.client('bob')
    for n, blank in enumerate(('&#10;', '&#13;', '&#9;', ' ')):
        node = f'daily{blank}news'
        b.send(publish(f'line{n}', node, item(f'line{n}', entry('x', FORGED)), to=None))
        eq((blank, await b.end_of(f'line{n}')), (blank, 'ok'))
        eq((blank, [(i['place'], i['node']) for i in c.items]), (blank, [('306', 'daily news')]))
        eq(has_badge(await w.published(b, f'line{n}', node, None)), ['TOKEN'])
        c.items.clear()
    c.policy = lambda i: c.refusing(lease=30)
    c.serial += 1
    await c.recall(to='localhost')
    a.send(publish('line', 'daily&#10;news', to=None))
    eq(await a.end_of('line'), 'not-registered')


@test
async def whoever_may_publish_is_asked_about(w):
    """A node of daily's that is open to all; a user, a component."""
    c, a, m = w.component, await w.client('daily'), await w.client('mallory')
    other = await w.component_client()
    node = 'only-daily'
    a.send(publish('own', node, to=None))
    eq(await a.end_of('own'), 'ok')
    config = form('node_config', publish_model='open', access_model='open')
    eq(await w.ask(a, 'cfg', f"<pubsub xmlns='{OWNER_NS}'><configure node='{node}'>{config}</configure></pubsub>",
                   to=None), 'ok')
    c.items.clear()
    c.policy = lambda i: c.refusing() if i.get('actor') != 'x@other.localhost' else c.passing(i)
    m.send(publish('m', node, to='daily@localhost'))
    eq(await m.end_of('m'), 'not-registered')
    other.send(publish('o', node, to='daily@localhost').replace('<iq', "<iq from='x@other.localhost/r'"))
    reply = await other.next()
    eq((reply.get('type'), reply.get('id'), reply.get('from')), ('result', 'o', 'daily@localhost'))
    eq([(i['actor'], i['owner']) for i in c.items],
       [('mallory@localhost', 'daily'), ('x@other.localhost', 'daily')])


@test
async def who_may_not_publish_gets_the_servers_own_error(w):
    c, m, a = w.component, await w.client('mallory'), await w.client('daily')
    admin = await w.client('admin')
    a.send(publish('own', BULLETIN, to=None))
    eq(await a.end_of('own'), 'ok')
    c.items.clear()
    await w.tick(61)  # after which the guard complains again
    before = w.prosody.complaints()
    for ident, who, want, xml in (('f1', m, 'forbidden', publish('f1', BULLETIN, to='daily@localhost')),
                                  ('f2', m, 'forbidden', publish('f2', BULLETIN, to='nobody@localhost')),
                                  ('f3', m, 'forbidden', publish('f3', 'g/none')),
                                  ('f4', admin, 'item-not-found', publish('f4', 'g/none'))):
        who.send(xml)
        eq((ident, await who.end_of(ident)), (ident, want))
    eq(c.items, [])
    eq(w.prosody.complaints(), before)  # no module did that
    eq(await by_module(admin, 'f5', 'news'), 'forbidden')
    eq(w.prosody.complaints(), before + 1)


@test
async def what_is_no_publish_is_never_asked_about(w):
    c, a = w.component, await w.client('admin')
    a.send(publish('first'))
    eq(await a.end_of('first'), 'ok')
    c.items.clear()
    c.policy = lambda i: c.refusing()
    for ident, kind, ns, inside in (
            ('retract', 'set', PUBSUB_NS, "<retract node='news'><item id='first'/></retract>"),
            ('get', 'get', PUBSUB_NS, "<items node='news'/>"),
            ('subscribe', 'set', PUBSUB_NS, f"<subscribe node='news' jid='{a.jid}'/>"),
            ('purge', 'set', OWNER_NS, "<purge node='news'/>"),
            ('configure', 'get', OWNER_NS, "<configure node='news'/>")):
        eq((ident, await w.ask(a, ident, f"<pubsub xmlns='{ns}'>{inside}</pubsub>", kind=kind)), (ident, 'ok'))
    a.send(publish('asget').replace("type='set'", "type='get'"))
    assert await a.end_of('asget') not in ('ok', 'not-registered')
    eq(c.items, [])


# Forgeries, structure ---------------------------------------------------------

FORGED = (f"<badge xmlns='{BADGE_NS}' id='f' by='masthead.localhost'>FORGED</badge>"
          f"<x xmlns='urn:masthead:other'/><hats xmlns='{HATS_NS}'><hat title='x'/></hats>"
          f"<hats xmlns='{OLD_HATS_NS}'/>")
FORGED_ATTR = f"<link xmlns:m='{BADGE_NS}' xmlns:h='{HATS_NS}' m:id='f' h:x='y' href='z'/>"


@test
async def forged_badges_are_stripped_at_every_depth(w):
    c, a = w.component, await w.client('daily')
    c.policy = lambda i: "action='pass'>"  # exempt senders have none
    deep = FORGED
    for n in range(20):
        deep = f"<d{n} xmlns='urn:x'>{deep}{FORGED_ATTR}</d{n}>"
    for node, to in (('news', SERVICE), ('watched', SERVICE), ('honour', SERVICE), (BULLETIN, None), (BLOG, None)):
        a.send(publish('f', node, item('f', entry('f', FORGED + FORGED_ATTR + deep)), to=to))
        eq((node, await a.end_of('f')), (node, 'ok'))
        got = await w.published(a, 'f', node, to)
        eq((node, marks(got)), (node, []))
        eq(len([e for e in got.iter() if e.get('href') == 'z']), 21)
    eq(sorted(i['node'] for i in c.items), sorted(['news', 'watched', BULLETIN]))


@test
async def genuine_badge_replaces_the_forged_one(w):
    a = await w.client('daily')
    a.send(publish('f', items=item('f', entry('f', FORGED))))
    eq(await a.end_of('f'), 'ok')
    eq(has_badge(await w.published(a, 'f', 'news')), ['TOKEN'])


@test
async def siblings_of_the_publish_are_left_alone(w):
    """publish-options decide, as without a guard."""
    a = await w.client('daily')
    options = f"<publish-options>{form('node_config', access_model='whitelist')}</publish-options>"
    a.send(publish('opt', extra=options))
    eq(await a.end_of('opt'), 'conflict')
    options = options.replace('whitelist', 'open')
    a.send(publish('opt2', extra=options))
    eq(await a.end_of('opt2'), 'ok')


@test
async def badge_goes_into_an_atom_entry_and_nowhere_else(w):
    a = await w.client('daily')
    for ident, payload, want in (
            ('other', "<note xmlns='urn:x:note'/>", []),
            ('feed', f"<feed xmlns='{ATOM_NS}'>{entry()}</feed>", []),
            ('evil', "<entry xmlns='urn:evil'/>", []),
            ('inside', f"<p xmlns='urn:x'>{entry()}</p>", []),
            ('entry', entry(), ['TOKEN'])):
        a.send(publish(ident, items=item(ident, payload)))
        eq(await a.end_of(ident), 'ok')
        eq((ident, has_badge(await w.published(a, ident, 'news'))), (ident, want))


@test
async def of_several_items_the_one_published_has_the_badge(w):
    c, a = w.component, await w.client('daily')
    a.send(publish('s1', items=item('s1') + item('s2', entry('s2', "<link rel='via' href='xmpp:wire@localhost'/>"))))
    eq(await a.end_of('s1'), 'ok')
    eq(has_badge(await w.published(a, 's1', 'news')), ['TOKEN'])
    eq(c.items[-1]['_reprints'], [{'by': 'via', 'of': 'wire@localhost'}])
    eq([i for i in await w.items(a, 'news') if i.get('id') == 's2'], [])


@test
async def reprints_are_reported(w):
    c, a = w.component, await w.client('daily')
    for inner, want in (
            ("<link rel='via' href='xmpp:wire@localhost?;node=urn%3Axmpp%3Amicroblog%3A0;item=1'/>",
             [{'by': 'via', 'of': 'wire@localhost'}]),
            ("<link rel='via' href='https://example.com/1'/>", [{'by': 'via', 'of': 'https://example.com/1'}]),
            ("<link rel='alternate' href='https://example.com/1'/>", []),
            ("<link rel='via' href='xmpp:daily@localhost?;node=urn%3Axmpp%3Amicroblog%3A0;item=1'/>", []),
            ("<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='wire@localhost/x'/></forwarded>",
             [{'by': 'forward', 'of': 'wire@localhost/x'}]),
            ("<reference xmlns='urn:xmpp:reference:0' type='data' uri='xmpp:wire@localhost'/>",
             [{'by': 'reference', 'of': 'wire@localhost'}])):
        a.send(publish('rep', items=item('rep', entry('rep', inner))))
        eq(await a.end_of('rep'), 'ok')
        eq((inner, c.items[-1]['_reprints']), (inner, want))


@test
async def label_makes_a_publication_where_the_place_says_so(w):
    c, a = w.component, await w.client('mallory')
    c.policy = lambda i: c.refusing()
    for node, to in (('honour', SERVICE), (BLOG, None)):
        for ident, inner, want in (('l1', category(), 'not-registered'), ('l2', category('cats'), 'ok'), ('l3', '', 'ok'),
                                   ('l4', f"<source>{category()}</source>", 'not-registered')):
            a.send(publish(ident, node, item(ident, entry(ident, inner)), to=to))
            eq((ident, await a.end_of(ident)), (ident, want))
    eq([i['_labels'] for i in c.items], [['news']] * 4)


@test
async def too_much_of_anything_is_refused(w):
    c, a = w.component, await w.client('daily')
    deep = '<a>' * 70 + '</a>' * 70
    for node, to in (('news', SERVICE), (BULLETIN, None)):
        for ident, inner in (('deep', deep), ('reprints', ''.join(
                f"<link rel='via' href='https://x/{n}'/>" for n in range(9))),
                ('long', f"<link rel='via' href='https://x/{'y' * 1100}'/>")):
            a.send(publish(ident, node, item(ident, entry(ident, inner)), to=to))
            eq((ident, await a.end_of(ident)), (ident, 'limit'))
    a.send(publish('name', 'g/' + 'x' * 1100))
    eq(await a.end_of('name'), 'forbidden')  # there is no such node
    a.send(publish('watched', 'watched', item('watched', entry('w', deep))))
    eq(await a.end_of('watched'), 'ok')
    eq([i['node'] for i in c.items], ['watched'])
    assert len(list((await w.published(a, 'watched', 'watched')).iter())) < 70
    # A name that no question can say: observed, it is left to the server,
    # whose files have shorter ones.
    c.items.clear()
    a.send(publish('loose', 'loose' + 'x' * 1020, to=None))
    eq((await a.end_of('loose'), c.items), ('internal-server-error', []))


@test
async def encryption_is_reported_where_the_place_asks(w):
    c, a = w.component, await w.client('daily')
    for node, payload, want in (('clear', "<openpgp xmlns='urn:xmpp:openpgp:0'/>", 'true'),
                                ('clear', "<p xmlns='urn:x'><encrypted xmlns='urn:xmpp:omemo:2'/></p>", 'true'),
                                ('clear', entry(), None), ('news', "<openpgp xmlns='urn:xmpp:openpgp:0'/>", None)):
        a.send(publish('enc', node, item('enc', payload)))
        eq(await a.end_of('enc'), 'ok')
        eq(c.items[-1].get('encrypted'), want)


@test
async def affiliations_are_reported_where_the_place_asks(w):
    c, admin, a = w.component, await w.client('admin'), await w.client('daily')
    for who, node, want in ((admin, 'exempt', 'owner'), (a, 'exempt', None), (admin, 'news', None)):
        who.send(publish('aff', node))
        eq(await who.end_of('aff'), 'ok')
        eq(c.items[-1].get('affiliation'), want)
    eq(await w.ask(admin, 'set', f"<pubsub xmlns='{OWNER_NS}'><affiliations node='exempt'>"
                   "<affiliation jid='daily@localhost' affiliation='publisher'/></affiliations></pubsub>"), 'ok')
    a.send(publish('aff', 'exempt'))
    eq(await a.end_of('aff'), 'ok')
    eq(c.items[-1].get('affiliation'), 'publisher')


# Lanes ------------------------------------------------------------------------

@test
async def verdicts_in_reverse_order_keep_the_order(w):
    c, a, b = w.component, await w.client('daily'), await w.client('bob')
    await w.ask(b, 'sub', f"<pubsub xmlns='{PUBSUB_NS}'><subscribe node='news' jid='{b.jid}'/></pubsub>")
    c.hold = True
    ids = [f'v{n}' for n in range(20)]
    for n, ident in enumerate(ids):
        a.send(publish(ident))
        await c.asked(n + 1)
    assert await a.quiet(lambda s: s.get('id') in ids)
    c.held.reverse()
    c.release()
    eq(await a.ends(ids), [(i, 'ok') for i in ids])
    seen = []
    while len(seen) < 20:
        note = await b.until(lambda s: any(e.get('id') in ids for e in s.iter()))
        seen += [e.get('id') for e in note.iter(f'{{{EVENT_NS}}}item')]
    eq(seen, ids)


@test
async def doubled_omitted_and_void_verdicts(w):
    c, a = w.component, await w.client('daily')

    def doubled(iq):
        for _ in range(3):
            c.reply(iq, c.wrap(c.verdicts(iq) * 2))
    c.transform = doubled
    a.send(publish('d1'))
    eq(await a.end_of('d1'), 'ok')
    assert await a.quiet(lambda s: s.get('id') == 'd1')
    c.transform = lambda iq: c.reply(iq, c.wrap([]))
    a.send(publish('d2'))
    eq(await a.end_of('d2'), 'unavailable')
    eq([i.get('id') for i in await w.items(a, 'news') if i.get('id') == 'd2'], [])

    # A verdict from before a recall is void, and asked again.
    answers = []

    def stale(iq):
        answers.append(iq)
        c.reply(iq, c.wrap(c.verdicts(iq), serial=c.serial - 1 if len(answers) == 1 else None))
    await c.recall('daily@localhost', to=SERVICE)
    c.transform = stale
    a.send(publish('d3'))
    eq(await a.end_of('d3'), 'ok')
    eq(len(answers), 2)


@test
async def verdict_of_another_epoch_is_void(w):
    c, a = w.component, await w.client('daily')
    seen = []

    def other(iq):
        seen.append(iq)
        if len(seen) == 1:
            c.reply(iq, c.wrap(c.verdicts(iq), epoch='other'))
        else:
            c.reply(iq, c.wrap(c.verdicts(iq)))
    c.transform = other
    a.send(publish('e1'))
    eq(await a.end_of('e1'), 'ok')
    eq(len(seen), 2)


@test
async def late_verdict_comes_too_late(w):
    own = await World().start(BASE + 2, vhost='masthead_timeout = 1', service='masthead_timeout = 1')
    try:
        c, a = own.component, await own.client('daily')
        c.hold = True
        for ident, node, to in (('late1', 'news', SERVICE), ('late2', BULLETIN, None)):
            a.send(publish(ident, node, to=to))
            eq(await a.end_of(ident), 'unavailable')
        c.release()
        assert await a.quiet(lambda s: s.get('id') in ('late1', 'late2'))
        eq(await own.items(a, 'news') + await own.items(a, BULLETIN, None), [])
    finally:
        own.prosody.stop()


@test
async def what_goes_to_the_same_service_waits(w):
    c, a = w.component, await w.client('daily')
    c.hold = True
    a.send(publish('w1'))
    await c.asked(1)
    a.send(f"<iq type='get' id='ping' to='{SERVICE}'><ping xmlns='urn:xmpp:ping'/></iq>"
           f"<iq type='set' id='retract' to='{SERVICE}'><pubsub xmlns='{PUBSUB_NS}'>"
           "<retract node='news'><item id='w1'/></retract></pubsub></iq>" + publish('free', 'free') +
           f"<iq type='get' id='get' to='{SERVICE}'><pubsub xmlns='{PUBSUB_NS}'><items node='news'/></pubsub></iq>"
           + publish('bad', 'g/none'))
    waiting = ('w1', 'ping', 'retract', 'free', 'get', 'bad')
    assert await a.quiet(lambda s: s.get('id') in waiting)
    c.release()
    eq([i for i, _ in await a.ends(waiting)], list(waiting))


@test
async def what_goes_to_the_same_account_waits_and_chats_do_not(w):
    c, a, b = w.component, await w.client('daily'), await w.client('bob')
    b.send("<presence><priority>1</priority></presence>")
    c.hold = True
    a.send(publish('w1', BULLETIN, to=None))
    await c.asked(1)
    a.send("<iq type='get' id='ping' to='daily@localhost'><ping xmlns='urn:xmpp:ping'/></iq>"
           f"<iq type='get' id='get'><pubsub xmlns='{PUBSUB_NS}'><items node='{BULLETIN}'/></pubsub></iq>"
           "<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>"
           f"<message to='bob@localhost' type='chat' id='chat'><body>hello</body>{FORGED}</message>"
           f"<iq type='get' id='other' to='{SERVICE}'><ping xmlns='urn:xmpp:ping'/></iq>"
           "<message to='daily@localhost' type='chat' id='self'><body>note</body></message>")
    chat = await b.until(lambda s: s.get('id') == 'chat')
    assert marks(chat)  # private, and none of our business
    ends = await a.ends(('roster', 'other'))
    eq(ends[0], ('roster', 'ok'))
    assert await a.quiet(lambda s: s.get('id') in ('w1', 'ping', 'get'))
    c.release()
    eq([i for i, _ in await a.ends(('w1', 'ping', 'get'))], ['w1', 'ping', 'get'])


@test
async def without_to_and_own_address_are_one_lane(w):
    c, a = w.component, await w.client('daily')
    c.hold = True
    ids = [f'l{n}' for n in range(6)]
    for n, ident in enumerate(ids):
        a.send(publish(ident, BULLETIN, to=None if n % 2 else 'daily@localhost'))
        await c.asked(n + 1)
    c.held.reverse()
    c.release()
    eq([i for i, _ in await a.ends(ids)], ids)


@test
async def create_ahead_of_a_publish_counts(w):
    """What is ahead in the lane may change what the server says."""
    c, admin = w.component, await w.client('admin')
    c.hold = True
    admin.send(publish('c1'))
    await c.asked(1)
    admin.send(f"<iq type='set' id='create' to='{SERVICE}'><pubsub xmlns='{PUBSUB_NS}'><create node='g/new'/></pubsub></iq>"
               + publish('c2', 'g/new'))
    c.release()
    eq(await admin.ends(('c1', 'create', 'c2')), [('c1', 'ok'), ('create', 'ok'), ('c2', 'ok')])
    eq([i['node'] for i in c.items], ['news', 'g/new'])
    eq(has_badge(await w.published(admin, 'c2', 'g/new')), ['TOKEN'])


@test
async def publisher_that_went_away_has_published(w):
    c, a, b = w.component, await w.client('daily'), await w.client('daily')
    for how in ('socket', 'stream'):
        c.hold = True
        n = len(c.items)
        ids = [f'{how}{i}' for i in range(10)]
        gone = await w.client('wire')
        for ident in ids:
            gone.send(publish(ident) + publish(ident, BULLETIN, to=None))
        await c.asked(n + 20)
        await asyncio.sleep(0.05)
        if how == 'socket':
            gone.drop()
        else:
            gone.send('</stream:stream>')
        await asyncio.sleep(0.2)
        c.release()
        await asyncio.sleep(0.3)
        got = [i.get('id') for i in await w.items(a, 'news')]
        eq([i for i in ids if i not in got], [])
        wire = await w.client('wire')
        eq([i.get('id') for i in await w.items(wire, BULLETIN, None)][-1:], [ids[-1]])
    del b


@test
async def account_that_was_deleted_has_nothing_published(w):
    """Neither its own items nor those of others come back to its nodes."""
    w.prosody.account('gone')
    c, a, b = w.component, await w.client('gone'), await w.client('daily')
    options = form('publish-options', publish_model='open')
    a.send(publish('gone0', BULLETIN, to=None, extra=f"<publish-options>{options}</publish-options>"))
    eq(await a.end_of('gone0'), 'ok')
    c.hold = True
    a.send(publish('gone1', BULLETIN, to=None) + publish('gone2', 'urn:xmpp:avatar:metadata', to=None))
    b.send(publish('gone3', BULLETIN, to='gone@localhost', items=item('gone3')))
    await c.asked(3)
    assert 'deleted' in await w.prosody.run('user:delete("gone@localhost")')
    c.release()
    eq(await b.end_of('gone3'), 'service-unavailable')
    await a.until(lambda s: s is None)
    eq(glob.glob(f'{w.prosody.dir}/data/localhost/*/gone.*'), [])


@test
async def result_reaches_the_same_resource_once(w):
    """The connection is replaced while a publish is held; the answer goes by
    address."""
    c = w.component
    c.hold = True
    first = await Client().login(w.prosody.c2s, 'wire', 'same')
    first.send(publish('n1') + publish('n2', BULLETIN, to=None))
    await c.asked(2)
    second = await Client().login(w.prosody.c2s, 'wire', 'same')
    w.clients += [first, second]
    c.release()
    eq(sorted(await second.ends(('n1', 'n2'))), [('n1', 'ok'), ('n2', 'ok')])
    assert await second.quiet(lambda s: s.get('id') in ('n1', 'n2'))


@test
async def result_reaches_a_resumed_stream_once(w):
    """The socket breaks while a publish is held; stream management (XEP-0198)
    brings the answer to the next one."""
    c, sm = w.component, 'urn:xmpp:sm:3'
    first = await Client().login(w.prosody.c2s, 'wire', 'resumed')
    first.send(f"<enable xmlns='{sm}' resume='true'/>")
    token = (await first.until(lambda s: local(s.tag) == 'enabled')).get('id')
    c.hold = True
    first.send(publish('n1') + publish('n2', BULLETIN, to=None))
    await c.asked(2)
    first.drop()
    await asyncio.sleep(0.1)
    c.release()
    await asyncio.sleep(0.1)
    second = Client()
    w.clients.append(second)
    await second.connect(w.prosody.c2s)
    await second.open()
    second.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AHdpcmUAc2VjcmV0</auth>")
    await second.next()
    second.restart()
    await second.open()
    second.send(f"<resume xmlns='{sm}' previd='{token}' h='0'/>")
    eq(sorted(await second.ends(('n1', 'n2'))), [('n1', 'ok'), ('n2', 'ok')])
    assert await second.quiet(lambda s: s.get('id') in ('n1', 'n2'))


@test
async def caps_bounce_with_overload(w):
    """And what is within the caps is published, however long the server's
    disk takes (here: to cut a node of 256 items after each)."""
    c, a = w.component, await w.client('daily')
    c.hold = True
    ids = [f'o{n}' for n in range(1010)]
    a.send(''.join(publish(i, items=item(i, "<p xmlns='urn:x'/>")) for i in ids))
    ends = await a.ends(ids[1000:], 20)
    eq(ends, [(i, 'overload') for i in ids[1000:]])
    a.send(publish('other', BULLETIN, to=None))  # of the same account, elsewhere
    await c.asked(1001)
    c.release()
    eq([e for e in await a.ends(ids[:1000] + ['other'], 40) if e[1] != 'ok'], [])


@test
async def what_waits_behind_a_publish_is_capped(w):
    """Whatever it is: 4 MiB of one client."""
    c, a = w.component, await w.client('daily')
    c.hold = True
    big = f"<p xmlns='urn:x'>{'x' * 200000}</p>"
    for to, node, dest in ((SERVICE, 'free', SERVICE), (None, 'urn:x:mine', None)):
        first, ids = f'first-{node}', [f'{node}{n}' for n in range(30)]
        gets = [f'get-{node}{n}' for n in range(2)]
        a.send(publish(first, 'news' if to else BULLETIN, to=to))
        a.send(''.join(publish(i, node, item('behind', big), to=to) for i in ids))
        where = f" to='{dest}'" if dest else ''
        a.send(''.join(f"<iq type='get' id='{i}'{where}><q xmlns='urn:x'>{big}</q></iq>" for i in gets))
        eq(await a.ends(ids[20:] + gets, 60), [(i, 'overload') for i in ids[20:] + gets])
        c.release()
        eq(await a.ends([first] + ids[:20], 60), [(i, 'ok') for i in [first] + ids[:20]])
        c.hold = True
    c.hold = False


@test
async def others_have_their_say_between_releases(w):
    """Some twenty verdicts at once, for publishes that the server takes some time to
    deliver: whoever comes in between is served before the last of them."""
    c, a, b = w.component, await w.client('daily'), await w.client('bob')
    subs = [f's{n}' for n in range(600)]
    b.send(''.join(f"<iq type='set' id='{i}' to='{SERVICE}'><pubsub xmlns='{PUBSUB_NS}'>"
                   f"<subscribe node='g/a' jid='bob@localhost/{i}'/></pubsub></iq>" for i in subs))
    await b.ends(subs)
    c.hold = True
    ids = [f'b{n}' for n in range(64)]
    # Short, so that many are asked about at once.
    a.send(''.join(publish(i, 'g/a', item(i, "<p xmlns='x'/>")) for i in ids))
    await c.asked(64)
    arrived = []
    for client in (a, b):
        keep = client.received
        client.received = lambda s, keep=keep: (arrived.append(s.get('id')), keep(s))
    c.release()
    await asyncio.sleep(0.05)
    b.send("<iq type='get' id='ping' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>")
    eq(await a.ends(ids, 30), [(i, 'ok') for i in ids])
    assert 'ping' in arrived and arrived.index('ping') < 15, arrived


@test
async def thousand_publishes_get_a_thousand_answers_in_order(w):
    c, a = w.component, await w.client('daily')
    ids = [f't{n}' for n in range(1000)]
    a.send(''.join(publish(i, BULLETIN, item(i, "<p xmlns='urn:x'/>"), to=None) for i in ids))
    eq(await a.ends(ids, 40), [(i, 'ok') for i in ids])
    eq(len(c.items), 1000)


# Leases, recalls, unavailability ------------------------------------------------

@test
async def leases_cover_ordinary_publishes_to_the_same_node(w):
    c, a, b = w.component, await w.client('daily'), await w.client('daily')
    c.policy = lambda i: c.passing(i, lease=300)
    for n in range(3):
        a.send(publish(f'l{n}'))
        eq(await a.end_of(f'l{n}'), 'ok')
    b.send(publish('l3'))
    eq(await b.end_of('l3'), 'ok')
    eq(len(c.items), 1)
    eq(has_badge(await w.published(a, 'l3', 'news')), ['TOKEN'])
    for n, (who, node, to, inner) in enumerate((
            (a, 'g/a', SERVICE, ''), (a, BULLETIN, None, ''), (a, 'only-daily', None, ''),
            (a, 'news', SERVICE, "<link rel='via' href='https://x/'/>"))):
        who.send(publish(f'm{n}', node, item(f'm{n}', entry('m', inner)), to=to))
        eq(await who.end_of(f'm{n}'), 'ok')
        eq(len(c.items), n + 2)
    await c.recall('daily@localhost', to=SERVICE)
    a.send(publish('after'))
    eq(await a.end_of('after'), 'ok')
    eq(len(c.items), 6)
    a.send(publish('pep', BULLETIN, to=None))  # the other guard heard no recall
    eq(await a.end_of('pep'), 'ok')
    eq(len(c.items), 6)


@test
async def refusals_are_leased_for_one_language(w):
    c, a = w.component, await w.client('mallory')
    c.policy = lambda i: c.refusing(lease=300)
    for ident, lang, asked in (('r1', 'en', 1), ('r2', 'en', 1), ('r3', 'de', 2)):
        a.send(publish(ident, lang=lang))
        eq(await a.end_of(ident), 'not-registered')
        eq(len(c.items), asked)


@test
async def leases_end(w):
    c, a = w.component, await w.client('daily')
    c.policy = lambda i: c.passing(i, lease=60)
    a.send(publish('l1'))
    eq(await a.end_of('l1'), 'ok')
    await w.tick(61)
    a.send(publish('l2'))
    eq(await a.end_of('l2'), 'ok')
    eq(len(c.items), 2)


@test
async def without_masthead_publishes_bounce_and_leases_run_on(w):
    c, a, b = w.component, await w.client('daily'), await w.client('bob')
    c.policy = lambda i: c.passing(i, lease=300)
    a.send(publish('u1') + publish('u2', BULLETIN, to=None))
    eq(sorted(await a.ends(('u1', 'u2'))), [('u1', 'ok'), ('u2', 'ok')])
    c.hold = True
    b.send(publish('h1') + publish('h2', BULLETIN, to=None) + publish('h3', 'lenient'))
    await c.asked(5)
    c.drop()
    eq(sorted(await b.ends(('h1', 'h2', 'h3'))), [('h1', 'unavailable'), ('h2', 'unavailable'), ('h3', 'ok')])
    b.send(publish('n1') + publish('n2', BULLETIN, to=None) + publish('n3', 'lenient', item('n3', entry('x', FORGED)))
           + publish('n4', 'urn:xmpp:avatar:metadata', to=None))
    eq(sorted(await b.ends(('n1', 'n2', 'n3', 'n4'))),
       [('n1', 'unavailable'), ('n2', 'unavailable'), ('n3', 'ok'), ('n4', 'ok')])
    eq(marks(await w.published(b, 'n3', 'lenient')), [])
    a.send(publish('l1') + publish('l2', BULLETIN, to=None))
    eq(sorted(await a.ends(('l1', 'l2'))), [('l1', 'ok'), ('l2', 'ok')])


BOOKMARKS = "<storage xmlns='storage:bookmarks'><conference jid='room@rooms.localhost'/></storage>"


@test
async def before_any_list_publishes_bounce(w):
    own = World()
    own.prosody = server(BASE + 4)
    own.prosody.account('admin')
    await own.prosody.start()
    try:
        a = await own.client('admin')
        await own.make(('news',))
        for ident, node, to, want in (
                ('b1', 'news', SERVICE, 'unavailable'), ('b2', 'urn:any', None, 'unavailable'),
                ('b3', 'urn:xmpp:omemo:2:devices', None, 'ok'), ('b4', 'storage:bookmarks', None, 'ok'),
                ('b5', 'eu.siacs.conversations.axolotl.devicelist', None, 'ok')):
            payload = BOOKMARKS if ident == 'b4' else None
            a.send(publish(ident, node, item('current', payload), to=to))
            eq((ident, await a.end_of(ident)), (ident, want))
        await own.connect()
        a.send(publish('b6') + publish('b7', 'urn:any', to=None))
        eq(sorted(await a.ends(('b6', 'b7'))), [('b6', 'ok'), ('b7', 'ok')])
        eq(len(own.component.items), 1)
    finally:
        own.prosody.stop()


@test
async def what_came_before_the_list_is_read_by_the_list(w):
    """Held while the first answer to attach is on its way: labels count as
    the list says, and not as before."""
    own = World()
    own.prosody = server(BASE + 34)
    own.prosody.account('admin')
    await own.prosody.start()
    try:
        a = await own.client('admin')
        await own.make(('news', 'honour', 'free'))
        c, asked = Masthead(), []
        answer, c.answer_attach = c.answer_attach, asked.append
        await c.login(own.prosody.component)
        while len(asked) < 2:
            await asyncio.sleep(0.01)
        c.policy = lambda i: c.refusing()
        ids = ('l1', 'l2', 'l3', 'l4', 'l5')
        for ident, node, to, inner in (
                ('l1', 'honour', SERVICE, category()), ('l2', 'honour', SERVICE, FORGED), ('l3', 'free', SERVICE, ''),
                ('l4', BLOG, None, category()), ('l5', 'news', SERVICE, category())):
            a.send(publish(ident, node, item(ident, entry(ident, inner)), to=to))
        assert await a.quiet(lambda s: s.get('id') in ids)
        for iq in asked:
            answer(iq)
        eq(sorted(await a.ends(ids)), [('l1', 'not-registered'), ('l2', 'ok'), ('l3', 'ok'),
                                       ('l4', 'not-registered'), ('l5', 'not-registered')])
        eq(sorted((i['node'], i['_labels']) for i in c.items),
           [('honour', ['news']), ('news', []), (BLOG, ['news'])])
        eq(marks(await own.published(a, 'l2', 'honour')), [])
    finally:
        own.prosody.stop()


@test
async def before_any_list_publishes_may_pass(w):
    own = World()
    passing = GUARD + '; masthead_before_attach = "pass"'
    own.prosody = server(BASE + 6, guard=passing)
    own.prosody.account('admin')
    await own.prosody.start()
    try:
        a = await own.client('admin')
        await own.make(('news',))
        a.send(publish('b1') + publish('b2', 'urn:any', to=None))
        eq(sorted(await a.ends(('b1', 'b2'))), [('b1', 'ok'), ('b2', 'ok')])
    finally:
        own.prosody.stop()


# Reload, unload ------------------------------------------------------------------

@test
async def reload_keeps_what_is_held(w):
    own = await World().start(BASE + 8)
    try:
        c, a = own.component, await own.client('daily')
        c.hold = True
        ids = [f'r{n}' for n in range(50)]
        a.send(''.join(publish(i) + publish('p' + i, BULLETIN, to=None) for i in ids) +
               f"<iq type='get' id='ping' to='{SERVICE}'><ping xmlns='urn:xmpp:ping'/></iq>")
        await c.asked(100)
        for host in (SERVICE, 'localhost'):
            out = await own.prosody.run(f'module:reload("masthead", "{host}")')
            assert 'OK' in out or 'reloaded' in out.lower(), out
        assert await a.quiet(lambda s: s.get('id') in ids)
        c.release()
        everything = ids + ['p' + i for i in ids] + ['ping']
        eq([o for i, o in await a.ends(everything) if i != 'ping'], ['ok'] * 100)
        a.send(publish('after'))
        eq(await a.end_of('after'), 'ok')
        eq(has_badge(await own.published(a, 'after', 'news')), ['TOKEN'])
        for module in ('pubsub', 'pep'):  # which reload us as well, or not
            host = SERVICE if module == 'pubsub' else 'localhost'
            await own.prosody.run(f'module:reload("{module}", "{host}")')
        c.items.clear()
        a.send(publish('later') + publish('plater', BULLETIN, to=None))
        eq(sorted(await a.ends(('later', 'plater'))), [('later', 'ok'), ('plater', 'ok')])
        eq(len(c.items), 2)
    finally:
        own.prosody.stop()


@test
async def reload_from_another_version_loses_nothing(w):
    """What it left behind is sent again, and asked about again."""
    own = await World().start(BASE + 30)
    try:
        c, a = own.component, await own.client('daily')
        c.hold = True
        a.send(publish('v1') + publish('v2', BULLETIN, to=None))
        await c.asked(2)
        for host in (SERVICE, 'localhost'):
            await own.prosody.run(f'> local m = prosody.hosts["{host}"].modules.masthead.module; local save = m.save; '
                                  'm.save = function () local s = save(); s.version = 1; return s; end')
            await own.prosody.run(f'module:reload("masthead", "{host}")')
        await c.asked(4)
        c.release()
        eq(sorted(await a.ends(('v1', 'v2'))), [('v1', 'ok'), ('v2', 'ok')])
        eq(len(await own.items(a, 'news')), 1)
        eq(has_badge(await own.published(a, 'v2', BULLETIN, None)), ['TOKEN'])
    finally:
        own.prosody.stop()


@test
async def list_of_the_last_time_holds_after_a_restart(w):
    own = World()
    own.prosody = server(BASE + 32)
    own.prosody.account('admin')
    await own.prosody.start()
    try:
        await own.connect()
        await own.make(('news', 'free'))
        own.prosody.stop(keep=True)
        await own.prosody.start()
        a = await own.client('admin')
        for ident, node, to, want in (
                ('k1', 'news', SERVICE, 'unavailable'), ('k2', 'free', SERVICE, 'ok'),
                ('k3', BULLETIN, None, 'unavailable'), ('k4', 'urn:any', None, 'ok'), ('k5', BLOG, None, 'ok')):
            a.send(publish(ident, node, to=to))
            eq((ident, await a.end_of(ident)), (ident, want))
    finally:
        own.prosody.stop()


@test
async def unload_ends_what_is_held(w):
    own = await World().start(BASE + 10)
    try:
        c, a = own.component, await own.client('daily')
        c.hold = True
        a.send(publish('u1') + f"<iq type='get' id='ping' to='{SERVICE}'><ping xmlns='urn:xmpp:ping'/></iq>"
               + publish('u2', BULLETIN, to=None))
        await c.asked(2)
        for host in (SERVICE, 'localhost'):
            await own.prosody.run(f'module:unload("masthead", "{host}")')
        ends = dict(await a.ends(('u1', 'ping', 'u2')))
        eq((ends['u1'], ends['u2'], 'ping' in ends), ('unavailable', 'unavailable', True))
        assert c.detached
        a.send(publish('u3') + publish('u4', BULLETIN, to=None))  # as if we had never been there
        eq(sorted(await a.ends(('u3', 'u4'))), [('u3', 'ok'), ('u4', 'ok')])
        eq(has_badge(await own.published(a, 'u3', 'news')), [])
        for host in (SERVICE, 'localhost'):
            await own.prosody.run(f'module:load("masthead", "{host}")')
        await asyncio.wait_for(c.all_attached(), 5)
        c.hold = False
        await asyncio.sleep(0.2)
        a.send(publish('u5') + publish('u6', BULLETIN, to=None))
        eq(sorted(await a.ends(('u5', 'u6'))), [('u5', 'ok'), ('u6', 'ok')])
        eq(has_badge(await own.published(a, 'u6', BULLETIN, None)), ['TOKEN'])
    finally:
        own.prosody.stop()


@test
async def server_stopping_bounces_what_is_held(w):
    own = await World().start(BASE + 12)
    try:
        c, a = own.component, await own.client('daily')
        c.hold = True
        a.send(publish('s1') + publish('s2', BULLETIN, to=None))
        await c.asked(2)
        own.prosody.process.send_signal(signal.SIGTERM)
        eq(sorted(await a.ends(('s1', 's2'))), [('s1', 'unavailable'), ('s2', 'unavailable')])
    finally:
        own.prosody.stop()


@test
async def host_of_the_component_goes(w):
    own = await World().start(BASE + 14)
    try:
        c, a = own.component, await own.client('daily')
        c.hold = True
        a.send(publish('g1') + publish('g2', BULLETIN, to=None))
        await c.asked(2)
        await own.prosody.run('host:deactivate("masthead.localhost")')
        eq(sorted(await a.ends(('g1', 'g2'))), [('g1', 'unavailable'), ('g2', 'unavailable')])
    finally:
        own.prosody.stop()


# All at once ------------------------------------------------------------------------

class Fickle:
    """A component that answers as it likes, by a number that repeats."""

    def __init__(self, c, dice):
        self.c, self.dice, self.waiting = c, dice, []
        c.policy = self.policy
        c.transform = self.transform

    def policy(self, item_):
        lease = self.dice.choice((0, 0, 1, 300))
        if self.dice.random() < 0.3:
            return self.c.refusing(lease=lease)
        return self.c.passing(item_, lease=lease)

    def transform(self, iq):
        c, how = self.c, self.dice.random()
        verdicts = c.verdicts(iq)
        if how < 0.1:
            verdicts.pop()
        elif how < 0.2:
            verdicts = verdicts + verdicts[::-1]
        elif how < 0.25:
            c.reply(iq, "<error type='cancel'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>", 'error')
            return
        serial = c.serial - 1 if how > 0.95 else None
        if how > 0.5:
            self.waiting.append((iq, verdicts, serial))
        else:
            c.reply(iq, c.wrap(verdicts, serial=serial))

    def release(self):
        waiting, self.waiting = self.waiting, []
        self.dice.shuffle(waiting)
        for iq, verdicts, serial in waiting:
            self.c.reply(iq, self.c.wrap(verdicts, serial=serial))


def some_iq(dice, ident):
    """An IQ, and the lane in which its answer keeps the order; None: none."""
    to = dice.choice((SERVICE, None))
    kind = dice.random()
    if kind < 0.7:
        node = dice.choice(NODES if to else (BULLETIN, BLOG, 'urn:x:free', 'urn:xmpp:avatar:data'))
        inner = dice.choice(('', '', category(), FORGED, "<link rel='via' href='xmpp:wire@localhost'/>"))
        items = dice.choice((item(ident, entry(ident, inner)), item(ident, entry(ident, inner)), item('same'), ''))
        return publish(ident, node, items, to=to or dice.choice((None, 'daily@localhost'))), to
    where = f" to='{to}'" if to else ''
    node = 'news' if to else BULLETIN
    if kind < 0.8:
        return f"<iq type='get' id='{ident}'{where}><ping xmlns='urn:xmpp:ping'/></iq>", to
    if kind < 0.9:
        return (f"<iq type='set' id='{ident}'{where}><pubsub xmlns='{PUBSUB_NS}'><retract node='{node}'>"
                "<item id='same'/></retract></pubsub></iq>"), to
    return (f"<iq type='get' id='{ident}'{where}><pubsub xmlns='{PUBSUB_NS}'><items node='{node}' max_items='1'/>"
            "</pubsub></iq>"), to


@test
async def every_iq_has_one_answer_in_order_whatever_happens(w):
    """Verdicts of all kinds; Masthead restarts and the guards are reloaded
    meanwhile."""
    own = await World().start(BASE + 40)
    outcomes = collections.Counter()
    try:
        for seed in range(4):
            dice = random.Random(seed)
            fickle = Fickle(own.component, dice)
            a = await own.client('daily')
            lanes, sent = {SERVICE: [], None: []}, []
            for n in range(400):
                ident = f'x{seed}-{n}'
                xml, lane = some_iq(dice, ident)
                lanes[lane].append(ident)
                sent.append(ident)
                a.send(xml)
                if n % 40 == 39:
                    await asyncio.sleep(0.02)
                    fickle.release()
                    await own.component.recall('daily@localhost', to=SERVICE)
                if n == 150:
                    for host in (SERVICE, 'localhost'):
                        await own.prosody.run(f'module:reload("masthead", "{host}")')
                if n == 250 and seed % 2:
                    own.component.drop()
                    fickle = Fickle(await own.connect(), dice)
            for _ in range(20):
                await asyncio.sleep(0.02)
                fickle.release()
            left, answers = set(sent), []
            while left:
                stanza = await a.until(lambda s: s.get('id') in lanes[SERVICE] + lanes[None], 10)
                answers.append(stanza.get('id'))
                outcomes[outcome(stanza)] += 1
                left.discard(stanza.get('id'))
                fickle.release()
            assert await a.quiet(lambda s: s.get('id') in sent)
            eq(len(answers), len(sent))
            for idents in lanes.values():
                known = set(idents)
                eq([i for i in answers if i in known], idents)
            for node, to in (('news', SERVICE), (BULLETIN, None)):
                for i in await own.items(a, node, to):
                    # All that went in passed, and with the genuine badge.
                    eq((i.get('id'), has_badge(i)), (i.get('id'), ['TOKEN']))
        assert all(outcomes[o] > 20 for o in ('ok', 'not-registered', 'unavailable')), outcomes
    finally:
        own.prosody.stop()


# Past IQs --------------------------------------------------------------------------

class Feed:
    """An Atom feed over HTTP."""

    def __init__(self):
        entries = ''.join(f'<entry><id>e{n}</id><title>{n}</title><updated>2026-01-0{n}T00:00:00Z</updated>'
                          f'{FORGED}</entry>' for n in (1, 2))
        body = f"<feed xmlns='{ATOM_NS}'><title>x</title>{entries}</feed>".encode()
        self.asked = 0
        feed = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                feed.asked += 1
                self.send_response(200)
                self.send_header('Content-Type', 'application/atom+xml')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass
        self.server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


async def fed(base, internal, nodes):
    """What is in the nodes after mod_pubsub_feeds has filled them."""
    feed = Feed()
    own = World()
    url = f'"http://127.0.0.1:{feed.port}/"'
    own.prosody = server(
        base, modules=', "pubsub_feeds"',
        service='use_pubsubhubub = false; feed_pull_interval = 0.02\n' + internal +
        '\nfeeds = { ' + '; '.join(f'["{node}"] = {url}' for node in nodes) + ' }')
    own.prosody.account('admin')
    await own.prosody.start()
    try:
        await own.connect()
        a = await own.client('admin')
        for _ in range(200):
            if feed.asked >= 3 * len(nodes):
                break
            await asyncio.sleep(0.1)
        assert feed.asked >= 3 * len(nodes), feed.asked
        return {node: await own.items(a, node) for node in nodes}, own.prosody.log(), own.component.items
    finally:
        own.prosody.stop()
        feed.server.shutdown()


@test
async def feeds_of_the_server_are_refused_at_guarded_nodes(w):
    got, log, asked = await fed(BASE + 16, '', ('news', 'watched', 'free'))
    eq({n: len(items) for n, items in got.items()}, {'news': 0, 'watched': 2, 'free': 2})
    eq(log.count('past the guard'), 1)
    eq([marks(i) for i in got['watched']], [[], []])
    eq(asked, [])


@test
async def feeds_of_the_server_may_pass_without_badges(w):
    got, log, asked = await fed(BASE + 18, 'masthead_internal_publish = "pass"', ('news', 'free'))
    eq({n: len(items) for n, items in got.items()}, {'news': 2, 'free': 2})
    eq([marks(i) for i in got['news']], [[], []])
    eq((log.count('past the guard'), asked), (0, []))


@test
async def vcards_and_bookmarks_reach_their_nodes(w):
    """Modules that publish past IQs, to personal nodes: nothing of it is
    refused, and Masthead hears nothing of it."""
    own = World()
    own.prosody = server(BASE + 38, vhost='modules_enabled = { "pep", "bookmarks", "default_bookmarks", "vcard_legacy", '
                         '"vcard4", "masthead" }; default_bookmarks = { { jid = "lobby@rooms.localhost" } }')
    await own.prosody.start()
    try:
        await own.connect()
        c, a, b = own.component, await own.client('alice'), await own.client('bob')
        heard = c.heard
        eq(await own.ask(a, 'vcard', "<vCard xmlns='vcard-temp'><FN>Alice</FN><PHOTO><TYPE>image/png</TYPE>"
                         "<BINVAL>iVBORw0KGgo=</BINVAL></PHOTO></vCard>", to=None), 'ok')
        eq(await own.ask(b, 'vcard4', "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn><text>Bob</text></fn></vcard>",
                         to=None), 'ok')
        eq(await own.ask(a, 'marks', f"<query xmlns='jabber:iq:private'>{BOOKMARKS}</query>", to=None), 'ok')
        for who, node, want in ((a, 'urn:xmpp:vcard4', 1), (a, 'urn:xmpp:avatar:data', 1),
                                (a, 'urn:xmpp:bookmarks:1', 1), (b, 'urn:xmpp:vcard4', 1),
                                (b, 'urn:xmpp:bookmarks:1', 1)):
            eq((who.jid, node, len(await own.items(who, node, None))), (who.jid, node, want))
        eq(c.heard, heard)
    finally:
        own.prosody.stop()


async def by_module(client, ident, node, to=SERVICE, actor=None, owner=None, inner=''):
    """Lets a module of the server publish; what came of it."""
    attrs = ''.join(f" {k}='{v}'" for k, v in (('node', node), ('actor', actor), ('owner', owner)) if v)
    client.send(f"<message to='{to}' id='{ident}'><publish xmlns='urn:test:publish'{attrs}>"
                f"<item xmlns='{PUBSUB_NS}' id='{ident}'>{entry(ident, inner)}</item></publish></message>")
    reply = await client.until(lambda s: s.get('id') == ident)
    return next(e.text for e in reply if local(e.tag) == 'body')


@test
async def other_modules_are_refused_at_guarded_nodes(w):
    c, a = w.component, await w.client('admin')
    actor = 'admin@localhost'
    for n, (kw, want) in enumerate((
            (dict(node='news'), 'forbidden'), (dict(node='news', actor=actor), 'forbidden'),
            (dict(node='free'), 'ok'), (dict(node='free', actor=actor), 'ok'),
            (dict(node='watched', inner=FORGED), 'ok'), (dict(node='watched', actor=actor, inner=FORGED), 'ok'),
            (dict(node='lenient'), 'forbidden'),
            (dict(node='honour', inner=category()), 'forbidden'), (dict(node='honour', inner=FORGED), 'ok'),
            (dict(node=BULLETIN, to='localhost', owner='bob'), 'forbidden'),
            (dict(node=BULLETIN, to='localhost', owner='bob', actor='bob@localhost'), 'forbidden'),
            (dict(node=BLOG, to='localhost', owner='bob', inner=FORGED), 'ok'),
            (dict(node='urn:xmpp:vcard4', to='localhost', owner='bob', inner=FORGED), 'ok'))):
        eq((kw, await by_module(a, f'i{n}', **kw)), (kw, want))
    eq(c.items, [])
    for node in ('watched', 'honour'):
        eq([marks(i) for i in await w.items(a, node) if i.get('id').startswith('i')][-1:], [[]])
    eq([i.get('id') for i in await w.items(a, 'news') if i.get('id').startswith('i')], [])
    # What the guard has let through once, it has not let through for ever.
    a.send(publish('again'))
    eq(await a.end_of('again'), 'ok')
    eq(await by_module(a, 'again', 'news'), 'forbidden')


@test
async def other_modules_may_pass_without_badges(w):
    passing = 'masthead_internal_publish = "pass"'
    own = await World().start(BASE + 22, vhost=passing, service=passing)
    try:
        a = await own.client('admin')
        eq(await by_module(a, 'i1', 'news', inner=FORGED), 'ok')
        eq(marks(await own.published(a, 'i1', 'news')), [])
        eq(await by_module(a, 'i2', 'news', actor='admin@localhost'), 'forbidden')
        eq(await by_module(a, 'i3', BULLETIN, to='localhost', owner='admin', inner=FORGED), 'ok')
        eq(marks(await own.published(a, 'i3', BULLETIN, None)), [])
    finally:
        own.prosody.stop()


@test
async def mqtt_is_refused_at_guarded_nodes(w):
    port = BASE + 26
    own = await World().start(BASE + 24, modules=', "pubsub_mqtt"',
                              extra_global=f'pubsub_mqtt_ports = {{ {port} }}')
    try:
        a = await own.client('admin')
        _, writer = await asyncio.open_connection('127.0.0.1', port)
        for node in ('news', 'free'):
            topic = f'{SERVICE}/atom_title/{node}'.encode()
            data = bytes([0, len(topic)]) + topic + b'hello'
            writer.write(bytes([0x30, len(data)]) + data)  # PUBLISH
        for _ in range(50):
            if await own.items(a, 'free'):
                break
            await asyncio.sleep(0.1)
        eq([len(await own.items(a, node)) for node in ('news', 'free')], [0, 1])
        writer.close()
    finally:
        own.prosody.stop()


@test
async def services_get_their_own_publish_back(w):
    """Loaded and unloaded a few times, and reloaded: one lock on the door,
    and none at the end."""
    own = await World().start(BASE + 28)
    try:
        a = await own.client('admin')
        for _ in range(3):
            for host in (SERVICE, 'localhost'):
                await own.prosody.run(f'module:reload("masthead", "{host}")')
        eq(await by_module(a, 'i1', 'news'), 'forbidden')
        eq(await by_module(a, 'i2', BULLETIN, to='localhost', owner='bob'), 'forbidden')
        for module, host in (('pubsub', SERVICE), ('pep', 'localhost')):
            await own.prosody.run(f'module:reload("{module}", "{host}")')
        eq(await by_module(a, 'i3', 'news'), 'forbidden')
        eq(await by_module(a, 'i4', BULLETIN, to='localhost', owner='bob'), 'forbidden')
        for host in (SERVICE, 'localhost'):
            await own.prosody.run(f'module:unload("masthead", "{host}")')
        eq(await by_module(a, 'i5', 'news'), 'ok')
        eq(await by_module(a, 'i6', BULLETIN, to='localhost', owner='bob'), 'ok')
    finally:
        own.prosody.stop()


# Disco ------------------------------------------------------------------------------

def issuer(stanza):
    return [[v.text for v in f] for f in stanza.iter('{jabber:x:data}field') if f.get('var') == 'masthead#issuer']


@test
async def disco_names_the_issuer(w):
    a = await w.client('bob')
    a.send(publish('d1', BULLETIN, to=None) + publish('d2', 'urn:x:free', to=None))
    await a.ends(('d1', 'd2'))
    for to, node, want in ((SERVICE, None, True), (SERVICE, 'news', True), (SERVICE, 'free', False),
                           (None, None, True), (None, BULLETIN, True), (None, 'urn:x:free', False),
                           ('localhost', None, True), ('rooms.localhost', None, False)):
        where = f" to='{to}'" if to else ''
        at = f" node='{node}'" if node else ''
        a.send(f"<iq type='get' id='disco'{where}><query xmlns='{DISCO_NS}'{at}/></iq>")
        reply = await a.until(lambda s: s.get('id') == 'disco')
        eq(reply.get('type'), 'result')
        eq((to, node, issuer(reply)), (to, node, [['masthead.localhost']] if want else []))


@test
async def accounts_and_nodes_of_one_host(w):
    """mod_pubsub beside mod_pep: the host's nodes and the accounts' of the
    same name are different ones."""
    own = World()
    own.prosody = server(BASE + 36, vhost='modules_enabled = { "pep", "pubsub", "masthead", "test_publish" }; '
                         'admins = { "admin@localhost" }')
    own.prosody.account('admin')
    await own.prosody.start()
    try:
        await own.connect(by_host={'localhost': f"<place id='1' kind='node' name='{BULLETIN}'/>"
                                                "<place id='2' kind='node' name='feed' owner='*'/>"})
        c, a = own.component, await own.client('admin')
        c.policy = lambda i: c.refusing()
        eq(await own.ask(a, 'm1', f"<pubsub xmlns='{PUBSUB_NS}'><create node='{BULLETIN}'/></pubsub>", 'localhost'), 'ok')
        eq(await own.ask(a, 'm2', f"<pubsub xmlns='{PUBSUB_NS}'><create node='feed'/></pubsub>", 'localhost'), 'ok')
        for ident, node, to, want in (('h1', BULLETIN, 'localhost', 'not-registered'), ('h2', BULLETIN, None, 'ok'),
                                      ('h3', 'feed', 'localhost', 'ok'), ('h4', 'feed', None, 'not-registered')):
            a.send(publish(ident, node, to=to))
            eq((ident, await a.end_of(ident)), (ident, want))
        eq([(i['node'], i.get('owner')) for i in c.items], [(BULLETIN, None), ('feed', 'admin')])
        eq(await by_module(a, 'h5', BULLETIN, to='localhost'), 'forbidden')
        eq(await by_module(a, 'h6', 'feed', to='localhost'), 'ok')
    finally:
        own.prosody.stop()


@test
async def hosts_with_nothing_to_guard_are_left_alone(w):
    own = World()
    own.prosody = server(BASE + 20)
    own.prosody.account('admin')
    await own.prosody.start()
    try:
        await own.connect(by_host={})
        a = await own.client('admin')
        await own.make(('news',))
        a.send(publish('n1') + publish('n2', BULLETIN, item('n2', entry('x', FORGED)), to=None))
        eq(sorted(await a.ends(('n1', 'n2'))), [('n1', 'ok'), ('n2', 'ok')])
        assert marks(await own.published(a, 'n2', BULLETIN, None))
        eq(own.component.items, [])
        for to in (SERVICE, 'localhost'):
            a.send(f"<iq type='get' id='disco' to='{to}'><query xmlns='{DISCO_NS}'/></iq>")
            eq(issuer(await a.until(lambda s: s.get('id') == 'disco')), [])
    finally:
        own.prosody.stop()


async def main():
    chosen = [t for t in tests if all(word in t.__name__ for word in WORDS)]
    print(f'1..{len(chosen)}', flush=True)
    failures = 0
    w = await World().start()
    try:
        for number, t in enumerate(chosen, 1):
            name = t.__name__.replace('_', ' ')
            try:
                await asyncio.wait_for(t(w), 90)
                print(f'ok {number} - {name}', flush=True)
            except Exception:  # pylint: disable=broad-except
                failures += 1
                print(f'not ok {number} - {name}')
                for line in traceback.format_exc(limit=-3).splitlines():
                    print(f'# {line}', flush=True)
            await w.reset()
    finally:
        w.prosody.stop()
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(asyncio.run(main()))
