#!/usr/bin/python3
"""Where nothing is guarded, the guard is not to be noticed.

One session of three clients in a room, everything that rooms can do and
some that they refuse, played on three deployments: without guard, with a
guard and an empty place list, and with a guard that guards another room.
What each client receives must be the same, stanza for stanza, in canonical
XML; made-up ids and times aside.  TAP.
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


# What Prosody itself writes in another order each time.
UNORDERED = {'{http://jabber.org/protocol/disco#info}query', '{http://jabber.org/protocol/disco#items}query',
             '{jabber:x:data}x', '{jabber:x:data}field', '{%s#user}x' % MUC}


def text_of(element):
    return ET.canonicalize(ET.tostring(element, encoding='unicode'), rewrite_prefixes=True)


def mask(element):
    """Takes out what two runs can never have in common."""
    for e in element.iter():
        if 'stamp' in e.attrib:
            e.set('stamp', '*')
        if not e.get('id', 't-').startswith('t-'):
            e.set('id', '*')
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


def record(folder, port, options):
    subprocess.run([f'{SERVERS}/up', 'prosody', folder, port, *options], check=True,
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
        cases = [('again without guard', ['--no-guard']),
                 ('a guard without places', ['--no-places']),
                 ('a guard of another room', [])]
        for nth, (name, options) in enumerate(cases, 1):
            found = list(differences(plain, record(f'{top}/{nth}', port, options)))
            print(f"{'not ' if found else ''}ok {nth} - {name}", flush=True)
            for text in found[:5]:
                print('# ' + text.replace('\n', '\n# '))
            failed += bool(found)
        # A session that was never heard would be the same everywhere.
        ok = count > 200
        print(f"{'' if ok else 'not '}ok {len(cases) + 1} - the session was one")
        print(f'1..{len(cases) + 1}')
        return 1 if failed or not ok else 0
    finally:
        shutil.rmtree(top, ignore_errors=True)


if __name__ == '__main__':
    sys.exit(main())
