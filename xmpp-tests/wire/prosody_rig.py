"""A private Prosody, raw clients and a component that lies when told to.

For tests of the guard module: everything here speaks bytes on sockets and
knows nothing of the code under test.
"""
import asyncio
import base64
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GUARD_NS = 'urn:masthead:guard:0'
BADGE_NS = 'urn:masthead:badge:0'
ERROR_NS = 'urn:masthead:error:0'
STANZAS_NS = 'urn:ietf:params:xml:ns:xmpp-stanzas'
HATS_NS = 'urn:xmpp:hats:0'
SECRET = 'component secret'


def local(tag):
    return tag.rsplit('}', 1)[-1]


class Stream:
    """Stanzas in and out of one XML stream."""

    def __init__(self):
        self.inbox = asyncio.Queue()
        self.opened = asyncio.Event()
        self.attrs = {}
        self.closed = False

    async def connect(self, port):
        self.reader, self.writer = await asyncio.open_connection('127.0.0.1', port)
        self.writer.get_extra_info('socket').setsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.restart()
        self.task = asyncio.ensure_future(self.pump())

    def restart(self):
        self.parser = ET.XMLPullParser(['start', 'end'])
        self.depth = 0
        self.opened.clear()

    async def pump(self):
        try:
            while True:
                data = await self.reader.read(65536)
                if not data:
                    break
                self.parser.feed(data)
                parser = self.parser
                for event, element in parser.read_events():
                    if event == 'start':
                        self.depth += 1
                        if self.depth == 1:
                            self.root, self.attrs = element, dict(element.attrib)
                            self.opened.set()
                    else:
                        self.depth -= 1
                        if self.depth == 1:
                            self.received(element)
                            self.root.clear()
                    if parser is not self.parser:
                        break
        except (ET.ParseError, ConnectionError):
            pass
        self.closed = True
        await self.inbox.put(None)

    def received(self, element):
        # a copy: root.clear() must not reach what tests keep
        self.inbox.put_nowait(element)

    def send(self, text):
        self.writer.write(text.encode())

    async def next(self, timeout=5):
        return await asyncio.wait_for(self.inbox.get(), timeout)

    def drop(self):
        """The socket closes, without a word."""
        self.writer.transport.abort()
        self.task.cancel()


class Client(Stream):
    """A user, logged in with PLAIN."""

    async def login(self, port, user, resource):
        await self.connect(port)
        self.jid = f'{user}@localhost/{resource}'
        await self.open()
        token = base64.b64encode(f'\0{user}\0secret'.encode()).decode()
        self.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' "
                  f"mechanism='PLAIN'>{token}</auth>")
        reply = await self.next()
        assert local(reply.tag) == 'success', ET.tostring(reply)
        self.restart()
        await self.open()
        self.send("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
                  f"<resource>{resource}</resource></bind></iq>")
        await self.next()
        self.send("<presence><priority>-1</priority></presence>")
        await self.next()
        return self

    async def open(self):
        self.send("<?xml version='1.0'?><stream:stream to='localhost' version='1.0' "
                  "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>")
        await self.opened.wait()
        await self.next()

    async def until(self, wanted, timeout=5):
        """Skips stanzas until one is wanted; None at the end of the stream."""
        async def search():
            while True:
                stanza = await self.inbox.get()
                if stanza is None or wanted(stanza):
                    return stanza
        return await asyncio.wait_for(search(), timeout)

    async def quiet(self, wanted, seconds=0.3):
        """Whether no wanted stanza comes for so long."""
        try:
            await self.until(wanted, seconds)
        except asyncio.TimeoutError:
            return True
        return False

    def join(self, room, nick, extra=''):
        self.send(f"<presence to='{room}/{escape(nick)}' id='join'>"
                  f"<x xmlns='http://jabber.org/protocol/muc'/>{extra}</presence>")

    async def enter(self, room, nick, extra=''):
        self.join(room, nick, extra)
        presence = await self.until(is_self_presence)
        await self.until(is_subject)
        return presence

    def say(self, room, ident, inner=None, lang=None):
        inner = f'<body>{ident}</body>' if inner is None else inner
        lang = f" xml:lang='{lang}'" if lang else ''
        self.send(f"<message to='{room}' type='groupchat' id='{ident}'{lang}>{inner}</message>")

    async def end_of(self, ident, timeout=6):
        """'ok' or the condition with which a post of this client ended."""
        stanza = await self.until(lambda s: s.get('id') == ident, timeout)
        return outcome(stanza)

    async def ends(self, idents, timeout=15):
        """Outcomes of many posts, in the order in which they came."""
        left, order = set(idents), []
        while left:
            stanza = await self.until(lambda s: s.get('id') in left, timeout)
            if stanza is None:
                break
            left.remove(stanza.get('id'))
            order.append((stanza.get('id'), outcome(stanza)))
        return order


def outcome(stanza):
    if stanza is None:
        return 'closed'
    if stanza.get('type') != 'error':
        return 'ok'
    error = next(c for c in stanza if local(c.tag) == 'error')
    refusal = error.find(f'{{{ERROR_NS}}}refusal')
    if refusal is not None:
        return refusal.get('reason')
    return next(local(c.tag) for c in error if local(c.tag) != 'text')


def is_self_presence(stanza):
    return (local(stanza.tag) == 'presence' and
            any(e.get('code') == '110' for e in stanza.iter()))


def is_subject(stanza):
    return (local(stanza.tag) == 'message' and
            any(local(c.tag) == 'subject' for c in stanza) and
            not any(local(c.tag) == 'body' for c in stanza))


class Component(Stream):
    """Masthead's place on the wire.  `policy(item)` gives the inside of a
    verdict; `hold` keeps answers back for the test to send."""

    def __init__(self):
        super().__init__()
        self.epoch, self.serial = 'e1', 100
        self.places = "<place id='1' kind='room' name='*' hats='urn:xmpp:hats:0' " \
                      "others-may='react'/>"
        self.policy = lambda item: self.passing(item)
        self.hold = False
        self.held = []
        self.items = []      # every item that was asked, in order
        self.recalls = {}
        self.attached = asyncio.Event()
        self.seen = asyncio.Event()
        self.transform = None  # a hook on the answer: (iq, [verdicts]) -> text
        self.detached = False
        self.attach_count = 0
        self.count = 0
        self.bytes = bytearray()

    async def login(self, port, domain='masthead.localhost'):
        self.domain = domain
        await self.connect(port)
        self.send("<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
                  f"xmlns:stream='http://etherx.jabber.org/streams' to='{domain}'>")
        await self.opened.wait()
        digest = hashlib.sha1((self.attrs['id'] + SECRET).encode()).hexdigest()
        self.send(f'<handshake>{digest}</handshake>')
        return self

    def received(self, element):
        name = local(element.tag)
        if name != 'iq':
            return
        if element.get('type') in ('result', 'error'):
            waiter = self.recalls.pop(element.get('id'), None)
            if waiter and not waiter.done():
                waiter.set_result(element)
            return
        payload = element[0]
        kind = local(payload.tag)
        if kind == 'attach':
            self.attach_count += 1
            self.answer_attach(element)
        elif kind == 'check':
            self.items += [dict(i.attrib, _reprints=[dict(r.attrib) for r in i if local(r.tag) == 'reprint'],
                                _labels=[r.get('term') for r in i if local(r.tag) == 'label'])
                           for i in payload]
            self.seen.set()
            if self.hold:
                self.held.append(element)
            else:
                self.answer(element)
        elif kind == 'detach':
            self.detached = True
            self.reply(element, '')

    def reply(self, iq, inside, kind='result', sender=None):
        self.send(f"<iq type='{kind}' id='{iq.get('id')}' to='{iq.get('from')}' "
                  f"from='{sender or self.domain}'>{inside}</iq>")

    def answer_attach(self, iq):
        self.reply(iq, f"<attach xmlns='{GUARD_NS}' epoch='{self.epoch}' "
                       f"serial='{self.serial}'>{self.places}</attach>")
        self.attached.set()

    def verdicts(self, iq, epoch=None, serial=None):
        return [f"<verdict n='{item.get('n')}' {self.policy(item)}</verdict>"
                for item in iq[0]]

    def wrap(self, verdicts, epoch=None, serial=None):
        return (f"<verdicts xmlns='{GUARD_NS}' epoch='{epoch or self.epoch}' "
                f"serial='{serial or self.serial}'>{''.join(verdicts)}</verdicts>")

    def answer(self, iq, **kw):
        if self.transform:
            self.transform(iq)
        else:
            self.reply(iq, self.wrap(self.verdicts(iq), **kw))

    def passing(self, item, lease=0, expires=None):
        if item.get('kind') == 'join':
            if not item.get('actor').startswith('daily@'):
                return "action='pass'>"
            return (f"action='pass' expires='{expires or 3600}'>"
                    f"<hat xmlns='{HATS_NS}' uri='urn:masthead:hat:news' title='✓ Daily'/>")
        return (f"action='pass' lease='{lease}'>"
                f"<badge xmlns='{BADGE_NS}' id='id-{item.get('kind')}' by='{self.domain}'/>")

    def refusing(self, lease=0, reason='not-registered'):
        return (f"action='refuse' lease='{lease}'><error type='auth'>"
                f"<registration-required xmlns='{STANZAS_NS}'/>"
                f"<text xmlns='{STANZAS_NS}' xml:lang='en'>Not you.</text>"
                f"<refusal xmlns='{ERROR_NS}' reason='{reason}' apply='xmpp:x'/></error>")

    async def request(self, inside, to='rooms.localhost', kind='set', timeout=5):
        self.count += 1
        ident = f'r{self.count}'
        waiter = asyncio.get_running_loop().create_future()
        self.recalls[ident] = waiter
        self.send(f"<iq type='{kind}' id='{ident}' from='{self.domain}' to='{to}'>{inside}</iq>")
        return await asyncio.wait_for(waiter, timeout)

    async def recall(self, actor=None, to='rooms.localhost'):
        self.serial += 1
        who = f' actor={quoteattr(actor)}' if actor else ''
        return await self.request(
            f"<recall xmlns='{GUARD_NS}' epoch='{self.epoch}' serial='{self.serial}'{who}/>", to)

    async def asked(self, count, timeout=5):
        """Waits until so many items have been asked in all."""
        async def wait():
            while len(self.items) < count:
                self.seen.clear()
                await self.seen.wait()
        await asyncio.wait_for(wait(), timeout)

    def release(self):
        self.hold = False
        held, self.held = self.held, []
        for iq in held:
            self.answer(iq)


CONFIG = '''
pidfile = "{dir}/prosody.pid"; data_path = "{dir}/data"; certificates = "{dir}"
admin_socket = "{dir}/prosody.sock"; run_as_root = true
plugin_paths = {{ "{root}/module/guard/prosody", "{root}/xmpp-tests/servers/prosody" }}
log = {{ {level} = "{dir}/prosody.log" }}
interfaces = {{ "127.0.0.1" }}; use_ipv6 = false
c2s_ports = {{ {c2s} }}; s2s_ports = {{}}; http_ports = {{}}; https_ports = {{}}
c2s_direct_tls_ports = {{}}; s2s_direct_tls_ports = {{}}
component_ports = {{ {component} }}; component_interfaces = {{ "127.0.0.1" }}
limits = {{}}; network_settings = {{ nagle = false }}
authentication = "internal_plain"; allow_unencrypted_plain_auth = true
c2s_require_encryption = false
test_clock_file = "{dir}/clock"
modules_enabled = {{ "disco", "roster", "saslauth", "smacks", "admin_shell", "test_clock" }}
modules_disabled = {{ "s2s" }}
{extra_global}
VirtualHost "localhost"
    {vhost}
Component "rooms.localhost" "muc"
    {guard}
    masthead_component = "masthead.localhost"
    muc_room_locking = false
    {extra}
Component "masthead.localhost"
    component_secret = "{secret}"; component_conflict_resolve = "kick_old"
Component "other.localhost"
    component_secret = "{secret}"
'''


class Prosody:
    """A server of one's own in a temporary folder."""

    def __init__(self, base, extra='', guard='modules_enabled = { "masthead" }',
                 vhost='', extra_global='', level='info', command=None):
        self.c2s, self.component = base, base + 1
        self.dir = tempfile.mkdtemp(prefix='masthead-prosody-')
        self.command = command or ['prosody']
        os.makedirs(f'{self.dir}/data/localhost/accounts')
        for user in ('alice', 'bob', 'daily', 'mallory', 'wire'):
            self.account(user)
        with open(f'{self.dir}/clock', 'w') as f:
            f.write('0')
        with open(f'{self.dir}/prosody.cfg.lua', 'w') as f:
            f.write(CONFIG.format(
                dir=self.dir, root=ROOT, c2s=self.c2s, component=self.component,
                secret=SECRET, extra=extra, guard=guard, vhost=vhost,
                extra_global=extra_global, level=level))
        self.process = None

    def account(self, user):
        with open(f'{self.dir}/data/localhost/accounts/{user}.dat', 'w') as f:
            f.write('return { ["password"] = "secret"; };\n')

    async def start(self):
        self.process = subprocess.Popen(
            self.command + ['-F', '--config', f'{self.dir}/prosody.cfg.lua'],
            stdout=open(f'{self.dir}/out', 'a'), stderr=subprocess.STDOUT)
        for _ in range(1200):
            try:
                for port in (self.c2s, self.component):
                    _, writer = await asyncio.open_connection('127.0.0.1', port)
                    writer.close()
                return self
            except OSError:
                await asyncio.sleep(0.05)
            if self.process.poll() is not None:
                break
        raise RuntimeError('prosody does not start: ' + open(f'{self.dir}/out').read())

    def shell(self, command):
        return subprocess.run(
            ['prosodyctl', '--config', f'{self.dir}/prosody.cfg.lua', 'shell', command],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout

    def complaints(self):
        """How often the guard has said that a module published past it."""
        with open(f'{self.dir}/prosody.log') as f:
            return f.read().count('past the guard')

    async def run(self, command):
        return await asyncio.get_running_loop().run_in_executor(None, self.shell, command)

    async def advance(self, seconds):
        with open(f'{self.dir}/clock.new', 'w') as f:
            f.write(str(seconds))
        os.rename(f'{self.dir}/clock.new', f'{self.dir}/clock')
        await asyncio.sleep(0.1)

    def log(self):
        with open(f'{self.dir}/prosody.log') as f:
            return f.read()

    def stop(self, sig=signal.SIGTERM, keep=False):
        if self.process and self.process.poll() is None:
            self.process.send_signal(sig)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if not keep:
            shutil.rmtree(self.dir, ignore_errors=True)
