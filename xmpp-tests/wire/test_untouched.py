#!/usr/bin/python3
"""Where nothing is guarded, the guard is not to be noticed.

One session of three clients, everything that rooms can do and what clients
keep in nodes (OMEMO keys, bookmarks, avatars, vCards) with some that the server
refuses, played on three deployments: without guard, with guards and an empty
place list, and with guards of another room and other nodes.  What each client
receives must be the same, stanza for stanza, in canonical XML; made-up ids and
times aside.  Only who asks a guarded host what it is hears who issues badges.
And not one byte about them goes to Masthead.  TAP.
"""
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

from prosody_rig import ROOT, Client, local

SERVERS = os.path.join(ROOT, 'xmpp-tests', 'servers')
ROOM = 'garden@rooms.localhost'
HATS = ("<hats xmlns='urn:xmpp:hats:0'><hat uri='urn:masthead:hat:news' title='Daily'/></hats>"
        "<hats xmlns='xmpp:prosody.im/protocol/hats:1'><hat uri='x' title='Daily'/></hats>")
BADGE = "<badge xmlns='urn:masthead:badge:0' id='AAAA' by='masthead.localhost'>a.b.c</badge>"
MUC = 'http://jabber.org/protocol/muc'


def groupchat(ident, inside, to=ROOM, attrs=''):
    return f"<message to='{to}' type='groupchat' id='{ident}'{attrs}>{inside}</message>"


def iq(ident, kind, to, inside):
    return f"<iq to='{to}' type='{kind}' id='{ident}'>{inside}</iq>"


def admin(ident, inside, kind='set'):
    return iq(ident, kind, ROOM, f"<query xmlns='{MUC}#admin'>{inside}</query>")


def config(ident, fields):
    inside = ''.join(f"<field var='{k}'><value>{v}</value></field>" for k, v in fields)
    return iq(ident, 'set', ROOM, f"<query xmlns='{MUC}#owner'><x xmlns='jabber:x:data' type='submit'>"
              f"<field var='FORM_TYPE'><value>{MUC}#roomconfig</value></field>{inside}</x></query>")


def join(nick, inside='', extra='', room=ROOM):
    return f"<presence to='{room}/{nick}' id='t-join'><x xmlns='{MUC}'>{inside}</x>{extra}</presence>"


# Who sends what.
SCRIPT = [
    ('alice', join('Alice')),
    ('alice', config('t-config', [('muc#roomconfig_roomname', 'Garden'), ('muc#roomconfig_whois', 'moderators'),
                                  ('muc#roomconfig_changesubject', '1'), ('muc#roomconfig_persistentroom', '1')])),
    ('bob', join('Bob')),
    ('mallory', join('Mallory', extra=HATS + BADGE)),
    ('mallory', join('Bob')),                                    # taken
    ('bob', groupchat('t-1', '<body>one</body>')),
    ('bob', groupchat('t-2', '<body>eins</body><body xml:lang="de">zwei</body>', attrs=' xml:lang="en"')),
    ('mallory', groupchat('t-3', f'<body>forged</body>{HATS}{BADGE}')),
    ('mallory', groupchat('t-4', f"<body>x</body><x xmlns='{MUC}#user'><item role='moderator'/><status code='104'/></x>")),
    ('mallory', groupchat('t-5', "<body>x</body><occupant-id xmlns='urn:xmpp:occupant-id:0' id='mine'/>")),
    ('mallory', groupchat('t-6', "<body>x</body><a xmlns='urn:example:a' xmlns:e='urn:example:e' e:from='y' b='c'>"
                                 "text<e:d/>more<hat xmlns='urn:xmpp:hats:0'/></a>")),
    ('bob', groupchat('t-7', "<composing xmlns='http://jabber.org/protocol/chatstates'/>")),
    ('bob', groupchat('t-8', "<reactions xmlns='urn:xmpp:reactions:0' id='t-1'><reaction>👍</reaction></reactions>")),
    ('bob', groupchat('t-9', "<body>2</body><replace xmlns='urn:xmpp:message-correct:0' id='t-1'/>")),
    ('bob', groupchat('t-10', "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' "
                              "from='daily@localhost'><body>b</body></message></forwarded>")),
    ('bob', groupchat('t-11', '')),
    ('bob', groupchat('t-12', '<subject>Roses</subject>')),
    ('alice', groupchat('t-13', '<subject/>')),
    ('bob', groupchat('t-14', '<subject>and</subject><body>text</body>')),
    ('bob', f"<message to='{ROOM}/Alice' type='chat' id='t-15'><body>psst</body>{HATS}<x xmlns='{MUC}#user'/></message>"),
    ('bob', f"<message to='{ROOM}/Nobody' type='chat' id='t-16'><body>psst</body></message>"),
    ('bob', f"<message to='{ROOM}/Alice' type='groupchat' id='t-17'><body>psst</body></message>"),
    ('bob', f"<message to='{ROOM}' type='chat' id='t-18'><body>to the room</body></message>"),
    ('bob', f"<message to='{ROOM}' id='t-19'><x xmlns='{MUC}#user'><invite to='mallory@localhost'>"
            "<reason>come</reason></invite></x></message>"),
    ('bob', f"<message to='{ROOM}/Alice' type='error' id='t-20'><error type='cancel'>"
            "<gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"),
    ('bob', f"<presence to='{ROOM}/Robert'/>"),
    ('bob', f"<presence to='{ROOM}/Alice'/>"),                   # a conflict
    ('mallory', f"<presence to='{ROOM}/Mallory'><show>away</show><status>out</status>{HATS}{BADGE}</presence>"),
    ('bob', iq('t-21', 'get', f'{ROOM}/Robert', "<ping xmlns='urn:xmpp:ping'/>")),
    ('bob', iq('t-22', 'get', f'{ROOM}/Alice', "<query xmlns='jabber:iq:version'/>")),
    ('bob', iq('t-23', 'get', f'{ROOM}/Nobody', "<query xmlns='jabber:iq:version'/>")),
    ('bob', iq('t-24', 'get', ROOM, "<query xmlns='http://jabber.org/protocol/disco#info'/>")),
    ('bob', iq('t-25', 'get', ROOM, "<query xmlns='http://jabber.org/protocol/disco#items'/>")),
    ('bob', iq('t-26', 'get', 'rooms.localhost', "<query xmlns='http://jabber.org/protocol/disco#info'/>")),
    ('bob', iq('t-27', 'set', 'rooms.localhost', "<recall xmlns='urn:masthead:guard:0' serial='9' epoch='x'/>")),
    ('bob', iq('t-28', 'get', 'rooms.localhost', "<probe xmlns='urn:masthead:guard:0' epoch='x'/>")),
    ('bob', iq('t-29', 'get', ROOM, "<unknown xmlns='urn:example:u'/>")),
    ('bob', iq('t-30', 'get', ROOM, f"<query xmlns='{MUC}#owner'/>")),        # forbidden
    ('alice', iq('t-31', 'get', ROOM, f"<query xmlns='{MUC}#owner'/>")),
    ('bob', admin('t-32', "<item nick='Mallory' role='none'/>")),              # forbidden
    ('alice', config('t-33', [('muc#roomconfig_moderatedroom', '1'), ('muc#roomconfig_whois', 'anyone')])),
    ('alice', admin('t-34', "<item nick='Mallory' role='visitor'/>")),
    ('mallory', groupchat('t-35', '<body>no voice</body>')),
    ('mallory', f"<message to='{ROOM}'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
                f"<value>{MUC}#request</value></field><field var='muc#role'><value>participant</value></field></x></message>"),
    ('alice', admin('t-36', "<item nick='Robert' role='moderator'><reason>trust</reason></item>")),
    ('alice', admin('t-37', "<item affiliation='owner'/>", 'get')),
    ('alice', admin('t-38', "<item jid='bob@localhost' affiliation='member'/>")),
    ('bob', admin('t-39', "<item nick='Mallory' role='none'><reason>spam</reason></item>")),
    ('mallory', groupchat('t-40', '<body>from outside</body>')),
    ('mallory', f"<message to='{ROOM}/Alice' type='chat' id='t-41'><body>from outside</body></message>"),
    ('mallory', join('Mallory', "<history maxstanzas='3'/>")),
    ('mallory', f"<presence to='{ROOM}/Mallory' type='unavailable'><status>bye</status>{HATS}</presence>"),
    ('mallory', join('Mallory', "<history maxstanzas='20'/>")),
    ('alice', admin('t-42', "<item jid='mallory@localhost' affiliation='outcast'><reason>enough</reason></item>")),
    ('mallory', join('Mallory')),
    ('mallory', groupchat('t-43', '<body>nowhere</body>', 'none@rooms.localhost')),
    ('mallory', join('Mallory', room='other@rooms.localhost')),
    ('mallory', groupchat('t-44', '<body>mine</body>', 'other@rooms.localhost')),
    ('bob', f"<presence to='{ROOM}' type='unavailable'/>"),
    ('bob', join('Bob', "<history seconds='600'/>")),
    ('alice', groupchat('t-45', '<body>' + 'long ' * 2000 + '</body>')),
    ('bob', '\n'.join(groupchat(f't-b{n}', f'<body>{n}</body>') for n in range(50))
            + f"<presence to='{ROOM}' type='unavailable'/>"),
    ('alice', iq('t-46', 'set', ROOM, f"<query xmlns='{MUC}#owner'><destroy jid='other@rooms.localhost'>"
                                      "<reason>winter</reason></destroy></query>")),
]
CLIENTS = ('alice', 'bob', 'mallory')


PUBSUB = 'http://jabber.org/protocol/pubsub'


def pubsub(ident, inside, to=None, kind='set', owner=''):
    to = f" to='{to}'" if to else ''
    return f"<iq type='{kind}' id='{ident}'{to}><pubsub xmlns='{PUBSUB}{owner}'>{inside}</pubsub></iq>"


def publish(ident, node, payload, to=None, item='current', access=None):
    options = ''
    if access:
        options = (f"<publish-options><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>"
                   f"{PUBSUB}#publish-options</value></field><field var='pubsub#persist_items'><value>true</value></field>"
                   f"<field var='pubsub#access_model'><value>{access}</value></field></x></publish-options>")
    return pubsub(ident, f"<publish node='{node}'><item id='{item}'>{payload}</item></publish>{options}", to)


def items(ident, node, to='alice@localhost'):
    return pubsub(ident, f"<items node='{node}'/>", to, 'get')


OMEMO = 'eu.siacs.conversations.axolotl'
AVATAR = 'urn:xmpp:avatar'
BOOKMARK = "<conference xmlns='urn:xmpp:bookmarks:1' name='Garden' autojoin='true'><nick>Alice</nick></conference>"
STORAGE = ("<storage xmlns='storage:bookmarks'><conference jid='pond@rooms.localhost' name='Pond' autojoin='0'>"
           "<nick>Alice</nick></conference></storage>")
VCARD = ("<vCard xmlns='vcard-temp'><FN>Alice</FN><NICKNAME>Al</NICKNAME><PHOTO><TYPE>image/png</TYPE>"
         "<BINVAL>AAAA</BINVAL></PHOTO></vCard>")
VCARD4 = "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn><text>Alice</text></fn></vcard>"
CONFIG = (f"<configure node='urn:example:diary'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>"
          f"{PUBSUB}#node_config</value></field><field var='pubsub#publish_model'><value>open</value></field>"
          "<field var='pubsub#max_items'><value>5</value></field></x></configure>")

# What clients keep in their accounts, and what they read of each other.
SCRIPT += [
    ('bob', "<presence to='alice@localhost' type='subscribe' id='t-p1'/>"),
    ('alice', "<presence to='bob@localhost' type='subscribed' id='t-p2'/>"),
    ('alice', publish('t-n1', f'{OMEMO}.devicelist', f"<list xmlns='{OMEMO}'><device id='7'/></list>", access='open')),
    ('alice', publish('t-n2', f'{OMEMO}.bundles:7', f"<bundle xmlns='{OMEMO}'><identityKey>AAAA</identityKey></bundle>",
                      access='open')),
    ('alice', publish('t-n3', 'urn:xmpp:omemo:2:devices', "<devices xmlns='urn:xmpp:omemo:2'><device id='7'/></devices>",
                      access='open')),
    ('alice', publish('t-n4', 'urn:xmpp:omemo:2:bundles', "<bundle xmlns='urn:xmpp:omemo:2'><ik>AAAA</ik></bundle>",
                      item='7')),
    ('bob', items('t-n5', f'{OMEMO}.devicelist')),
    ('bob', items('t-n6', f'{OMEMO}.bundles:7')),
    ('mallory', items('t-n7', 'urn:xmpp:omemo:2:bundles')),                   # by presence only
    ('alice', publish('t-n8', f'{AVATAR}:data', f"<data xmlns='{AVATAR}:data'>AAAA</data>", item='t-hash')),
    ('alice', publish('t-n9', f'{AVATAR}:metadata', f"<metadata xmlns='{AVATAR}:metadata'><info bytes='3' id='t-hash' "
                      "type='image/png'/></metadata>", item='t-hash')),
    ('bob', items('t-n10', f'{AVATAR}:metadata')),
    ('alice', publish('t-n11', 'http://jabber.org/protocol/nick', "<nick xmlns='http://jabber.org/protocol/nick'>Al</nick>")),
    ('alice', publish('t-n12', 'urn:xmpp:bookmarks:1', BOOKMARK, item='garden@rooms.localhost', access='whitelist')),
    ('alice', iq('t-n13', 'get', 'alice@localhost', "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>")),
    ('alice', f"<iq type='set' id='t-n14'><query xmlns='jabber:iq:private'>{STORAGE}</query></iq>"),
    ('alice', "<iq type='get' id='t-n15'><query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query></iq>"),
    ('alice', items('t-n16', 'urn:xmpp:bookmarks:1')),
    ('alice', publish('t-n17', 'storage:bookmarks', STORAGE)),
    ('alice', items('t-n18', 'storage:bookmarks')),
    ('bob', items('t-n19', 'urn:xmpp:bookmarks:1')),                          # forbidden
    ('alice', f"<iq type='set' id='t-n20'>{VCARD}</iq>"),
    ('bob', iq('t-n21', 'get', 'alice@localhost', "<vCard xmlns='vcard-temp'/>")),
    ('bob', items('t-n22', 'urn:xmpp:vcard4')),
    ('alice', publish('t-n23', 'urn:xmpp:vcard4', VCARD4)),
    ('bob', iq('t-n24', 'get', 'alice@localhost', "<vCard xmlns='vcard-temp'/>")),
    ('alice', publish('t-n25', 'http://jabber.org/protocol/mood', "<mood xmlns='http://jabber.org/protocol/mood'><happy/></mood>")),
    ('alice', publish('t-n26', 'http://jabber.org/protocol/tune', f"<tune xmlns='http://jabber.org/protocol/tune'>{HATS}</tune>")),
    ('bob', items('t-n27', 'http://jabber.org/protocol/tune')),
    ('alice', publish('t-n28', 'urn:example:diary', f"<entry xmlns='http://www.w3.org/2005/Atom'><title>x</title>{BADGE}"
                      "<category term='news'/></entry>", item='t-i1')),
    ('alice', pubsub('t-n29', CONFIG, owner='#owner')),
    ('bob', publish('t-n30', 'urn:example:diary', "<a xmlns='urn:a'/>", 'alice@localhost', 't-i2')),
    ('bob', publish('t-n31', f'{AVATAR}:data', "<a xmlns='urn:a'/>", 'alice@localhost')),       # forbidden
    ('bob', items('t-n32', 'urn:example:diary')),
    ('bob', pubsub('t-n33', "<retract node='urn:example:diary'><item id='t-i1'/></retract>", 'alice@localhost')),
    ('alice', pubsub('t-n34', "<retract node='urn:example:diary' notify='1'><item id='t-i1'/></retract>")),
    ('alice', pubsub('t-n35', "<retract node='urn:example:diary'><item id='t-none'/></retract>")),
    ('bob', pubsub('t-n36', "<subscribe node='urn:example:diary' jid='bob@localhost/desk'/>", 'alice@localhost')),
    ('alice', publish('t-n37', 'urn:example:diary', "<a xmlns='urn:a'/>", item='t-i3')),
    ('alice', publish('t-n38', 'urn:example:diary', "<a xmlns='urn:a'/><b xmlns='urn:a'/>", item='t-i4')),
    ('alice', pubsub('t-n39', "<publish node='urn:example:diary'/>")),
    ('alice', pubsub('t-n40', "<publish><item><a xmlns='urn:a'/></item></publish>")),
    ('alice', pubsub('t-n41', "<publish xmlns='urn:evil' node='urn:example:diary'/>")),
    ('alice', pubsub('t-n42', "<unknown/>")),
    ('alice', pubsub('t-n43', "")),
    ('alice', pubsub('t-n44', "<publish node='urn:example:diary'/>", kind='get')),
    ('alice', publish('t-n45', 'urn:example:diary', "<a xmlns='urn:a'/>", access='whitelist')),  # not as it is
    ('alice', pubsub('t-n46', "<purge node='urn:example:diary'/>", owner='#owner')),
    ('alice', pubsub('t-n47', "<delete node='urn:example:diary'/>", owner='#owner')),
    ('alice', iq('t-n48', 'get', 'alice@localhost', "<query xmlns='http://jabber.org/protocol/disco#items'/>")),
    ('bob', publish('t-n49', 'x', "<a xmlns='urn:a'/>", 'nobody@localhost')),
    ('bob', publish('t-n50', 'nowhere', "<a xmlns='urn:a'/>", 'pubsub.localhost')),
    ('bob', pubsub('t-n51', "<create node='mine'/>", 'pubsub.localhost')),
    ('bob', pubsub('t-n52', "<subscribe node='news' jid='bob@localhost/desk'/>", 'pubsub.localhost')),
    ('bob', pubsub('t-n53', "<items node='news'/>", 'pubsub.localhost', 'get')),
    ('bob', iq('t-n54', 'get', 'pubsub.localhost', "<query xmlns='http://jabber.org/protocol/disco#items'/>")),
    ('bob', iq('t-n55', 'get', 'pubsub.localhost', "<query xmlns='http://jabber.org/protocol/disco#info'/>")),
    ('bob', iq('t-n56', 'get', 'alice@localhost', "<query xmlns='http://jabber.org/protocol/disco#info'/>")),
    ('bob', '\n'.join(publish(f't-s{n}', 'http://jabber.org/protocol/tune', f"<tune xmlns='http://jabber.org/protocol/tune'>"
                              f"<track>{n}</track></tune>") for n in range(50))),
]


# What Prosody itself writes in another order each time.
UNORDERED = {'{http://jabber.org/protocol/disco#info}query', '{http://jabber.org/protocol/disco#items}query',
             '{jabber:x:data}x', '{jabber:x:data}field', '{%s#user}x' % MUC}


# Who named an issuer, in the session so far.
issuers = []


def text_of(element):
    return ET.canonicalize(ET.tostring(element, encoding='unicode'), rewrite_prefixes=True)


def is_issuer(element):
    """The form that says whose badges count: as it is to be, no more and no less."""
    fields = [(f.get('var'), f.get('type'), f.findtext('{jabber:x:data}value')) for f in element]
    return element.tag == '{jabber:x:data}x' and fields == [
        ('FORM_TYPE', 'hidden', 'urn:masthead:badge:0'), ('masthead#issuer', 'jid-single', 'masthead.localhost')]


def mask(element):
    """Takes out what two runs can never have in common."""
    for e in element.iter():
        if 'stamp' in e.attrib:
            e.set('stamp', '*')
        if not e.get('id', 't-').startswith('t-'):
            e.set('id', '*')
    for e in list(element.iter()):
        for x in [x for x in e if is_issuer(x)]:
            e.remove(x)
            issuers.append(element.get('from'))
    for e in reversed(list(element.iter())):  # children before parents
        if e.tag in UNORDERED:
            e[:] = sorted(e, key=text_of)
    return element


def canonical(stanza):
    return text_of(mask(stanza))


def in_order(stanzas):
    """Who is in a room is told in random order: presences that follow one
    another are sorted."""
    result, run = [], []
    for text in stanzas + [None]:
        if text is not None and ':presence ' in text[:16]:
            run.append(text)
            continue
        result += sorted(run)
        run = []
        if text is not None:
            result.append(text)
    return result


async def received(client, nth):
    """What has come by the time that the server answers a ping."""
    ident = f'sync-{nth}'
    client.send(iq(ident, 'get', 'localhost', "<ping xmlns='urn:xmpp:ping'/>"))
    stanzas = []
    while True:
        stanza = await client.next(30)
        assert stanza is not None, 'the stream ended'
        if stanza.get('id') == ident:
            return in_order(stanzas)
        stanzas.append(canonical(stanza))


async def play(port):
    """Step by step: what each client got."""
    clients = {}
    for name in CLIENTS:
        clients[name] = await Client().login(port, name, 'desk')
    for name in CLIENTS:
        await received(clients[name], 'start')
    steps = []
    for nth, (who, xml) in enumerate(SCRIPT):
        clients[who].send(xml)
        got = {who: await received(clients[who], nth)}
        for name in CLIENTS:
            if name != who:
                got[name] = await received(clients[name], nth)
        steps.append(got)
    for client in clients.values():
        client.drop()
    return steps


# What clients keep in nodes by other ways than a publication.
MODULES = ('modules_enabled = { "disco"; "roster"; "saslauth"; "ping"; "pep"; "smacks"; "carbons"; "mam"; "admin_shell"; '
           '"vcard_legacy"; "bookmarks"; "private" }')


def record(folder, port, options):
    issuers.clear()
    subprocess.run([f'{SERVERS}/up', 'prosody', folder, port, '--global', MODULES, *options], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=120)
    try:
        return asyncio.run(play(int(port)))
    finally:
        subprocess.run([f'{SERVERS}/down', folder], check=True, timeout=120)


def differences(want, got):
    for nth, (a, b) in enumerate(zip(want, got)):
        for name in CLIENTS:
            for at in range(max(len(a[name]), len(b[name]))):
                pair = [x[name][at] if at < len(x[name]) else '(nothing)' for x in (a, b)]
                if pair[0] != pair[1]:
                    cut = max(0, len(os.path.commonprefix(pair)) - 200)
                    pair = [text[cut:cut + 600] for text in pair]
                    yield (f'step {nth}, {SCRIPT[nth][0]} sends {SCRIPT[nth][1][:300]}\n'
                           f'{name} without guard: {pair[0]}\n{name} with guard:    {pair[1]}')


def main():
    os.environ.setdefault('MASTHEAD_BIN', os.path.join(ROOT, 'build', 'asan'))
    top = tempfile.mkdtemp(prefix='masthead-untouched-')
    failed = 0
    try:
        port = subprocess.run([f'{SERVERS}/free-ports', str(29000 + os.getpid() % 90 * 10)],
                              check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        plain = record(f'{top}/plain', port, ['--no-guard'])
        count = sum(len(got[name]) for got in plain for name in CLIENTS)
        print(f'# {len(SCRIPT)} steps, {count} stanzas received')
        wire = f'{top}/wire'
        guarded = ['alice@localhost', 'pubsub.localhost', 'rooms.localhost']
        cases = [('again without guard', ['--no-guard'], []),
                 ('guards without places', ['--no-places'], []),
                 ('guards of another room and other nodes', ['--record', wire], guarded)]
        for nth, (name, options, want) in enumerate(cases, 1):
            found = list(differences(plain, record(f'{top}/{nth}', port, options)))
            if sorted(issuers) != want:
                found.append(f'an issuer is named by {sorted(issuers)}, not by {want}')
            print(f"{'not ' if found else ''}ok {nth} - {name}", flush=True)
            for text in found[:5]:
                print('# ' + text.replace('\n', '\n# '))
            failed += bool(found)
        with open(wire, 'rb') as f:
            said = f.read()
        told = [word for word in (b'<check', *[name.encode() + b'@' for name in CLIENTS]) if word in said]
        # A session, a recording that were never heard would be the same everywhere.
        checks = [('not a byte about it goes to Masthead', not told, told),
                  ('which was told all the same', said.count(b'<attach') >= 6, said[-1000:]),
                  ('the session was one', count > 300, count)]
        for nth, (name, ok, why) in enumerate(checks, len(cases) + 1):
            print(f"{'' if ok else 'not '}ok {nth} - {name}")
            if not ok:
                print(f'# {why}')
            failed += not ok
        print(f'1..{len(cases) + len(checks)}')
        return 1 if failed else 0
    finally:
        shutil.rmtree(top, ignore_errors=True)


if __name__ == '__main__':
    sys.exit(main())
