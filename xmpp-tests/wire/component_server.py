"""The server's side of XEP-0114, for tests: raw bytes, no XML library.

The component connects to it; what it is sent is bytes as they are, malformed
ones included, and what it answers is cut into stanzas by a scanner of its
own, so that nothing between the test and the wire repairs anything.

    with ComponentServer(port=23000, secret="secret") as server:
        peer = server.accept()              # the handshake is checked
        peer.send(b"<iq ...>")              # raw; split=1: byte by byte
        stanza = peer.receive()             # b"<iq ...>...</iq>"
        peer.expect(b"id='7'")              # the next one that has it
        peer.expect_nothing(0.5)
        peer.close()                        # or peer.end(): </stream:stream>

As a program it is a console: `component_server.py PORT SECRET` sends standard
input to the component, and writes what comes to standard output.
"""

import hashlib
import re
import socket
import sys
import threading
import time

HEADER = (
    b"<?xml version='1.0'?><stream:stream"
    b" xmlns='jabber:component:accept'"
    b" xmlns:stream='http://etherx.jabber.org/streams' id='%s' from='%s'>"
)
TIMEOUT = 10.0
CHUNK = 1 << 16
TAG = re.compile(rb"""<(?:[^<>"']|"[^"]*"|'[^']*')*>""", re.S)


class WireError(Exception):
    """What came is not what a component may say, or nothing came."""


class Cutter:
    """Cuts a stream of bytes into top-level elements."""

    def __init__(self):
        self.rest = b""
        self.scanned = 0  # offset of the first byte after the last tag
        self.begin = None  # offset of the stanza at hand
        self.depth = 0
        self.header = None
        self.is_closed = False

    def feed(self, data):
        """The stanzas that are complete now."""
        self.rest += data
        found = []
        while True:
            tag = TAG.search(self.rest, self.scanned)
            if tag is None:
                return found
            self._check_between(self.rest[self.scanned:tag.start()])
            self.scanned = tag.end()
            stanza = self._tag(tag)
            if stanza is not None:
                found.append(stanza)

    def _check_between(self, text):
        if self.depth == 0 and text.strip():
            raise WireError("text between stanzas: %r" % text[:80])

    def _tag(self, tag):
        text = tag.group()
        if text.startswith(b"<?"):
            return None
        if text.startswith(b"<!"):
            raise WireError("a component says %r" % text[:80])
        if self.header is None:
            self.header = text
            return None
        if text == b"</stream:stream>" and self.depth == 0:
            self.is_closed = True
            return None
        if self.begin is None:
            self.begin = tag.start()
        if text.startswith(b"</"):
            self.depth -= 1
        elif not text.endswith(b"/>"):
            self.depth += 1
        if self.depth < 0:
            raise WireError("an end tag without a start: %r" % text[:80])
        if self.depth > 0:
            return None
        stanza = self.rest[self.begin:tag.end()]
        self.rest = self.rest[tag.end():]
        self.scanned, self.begin = 0, None
        return stanza


class Peer:
    """One connection of the component."""

    def __init__(self, sock, stream_id):
        self.sock = sock
        self.stream_id = stream_id
        self.cutter = Cutter()
        self.stanzas = []  # received, not yet taken
        self.bytes_in = 0
        self.is_eof = False
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    # Sending.

    def send(self, data, split=None, pause=0.0):
        """Raw bytes; `split`: at most so many in one segment."""
        if isinstance(data, str):
            data = data.encode()
        self.sock.settimeout(TIMEOUT)
        if split is None:
            self.sock.sendall(data)
            return
        for at in range(0, len(data), split):
            self.sock.sendall(data[at:at + split])
            if pause:
                time.sleep(pause)

    def send_while_receiving(self, data):
        """For more than the buffers hold: reads what comes meanwhile."""
        sender = threading.Thread(target=self._send_quietly, args=(data,))
        sender.start()
        while sender.is_alive():
            self._read(0.05)
        sender.join()

    def _send_quietly(self, data):
        try:
            self.sock.sendall(data)
        except OSError:
            self.is_eof = True  # the component closed: a test will see it

    # Receiving.

    def _read(self, timeout):
        """Reads once; False if nothing came in time."""
        if self.is_eof:
            return False
        self.sock.settimeout(max(timeout, 0.001))
        try:
            data = self.sock.recv(CHUNK)
        except (socket.timeout, BlockingIOError):
            return False
        except ConnectionError:
            data = b""
        if not data:
            self.is_eof = True
            return False
        self.bytes_in += len(data)
        self.stanzas += self.cutter.feed(data)
        return True

    def receive(self, timeout=TIMEOUT):
        """The next stanza, as bytes."""
        end = time.monotonic() + timeout
        while not self.stanzas:
            left = end - time.monotonic()
            if self.is_eof or left <= 0:
                raise WireError("the component %s" % (
                    "closed" if self.is_eof else "says nothing"))
            self._read(left)
        return self.stanzas.pop(0)

    def expect(self, *parts, timeout=TIMEOUT):
        """The next stanza that has all of `parts`; others are dropped."""
        parts = [p.encode() if isinstance(p, str) else p for p in parts]
        end = time.monotonic() + timeout
        while True:
            stanza = self.receive(max(end - time.monotonic(), 0))
            if all(p in stanza for p in parts):
                return stanza

    def receive_many(self, count, timeout=TIMEOUT):
        end = time.monotonic() + timeout
        return [self.receive(max(end - time.monotonic(), 0))
                for _ in range(count)]

    def expect_nothing(self, seconds, but=()):
        """Fails if a stanza comes that has none of `but`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._read(end - time.monotonic())
            while self.stanzas:
                stanza = self.stanzas.pop(0)
                if not any(p in stanza for p in but):
                    raise WireError("unexpected: %r" % stanza[:200])

    def wait_closed(self, timeout=TIMEOUT):
        """True once the component has closed the connection."""
        end = time.monotonic() + timeout
        while not self.is_eof and time.monotonic() < end:
            self._read(end - time.monotonic())
        return self.is_eof

    def ping(self, to, timeout=TIMEOUT, sender="prober@example.org/x"):
        """Whether the stream is alive: XEP-0199, answered with its id."""
        ident = "ping-%d" % time.monotonic_ns()
        self.send("<iq type='get' from='%s' to='%s' id='%s'>"
                  "<ping xmlns='urn:xmpp:ping'/></iq>" % (sender, to, ident))
        return self.expect(ident, "result", timeout=timeout)

    # The end.

    def end(self):
        """An orderly end of the stream."""
        self.send(b"</stream:stream>")
        self.close()

    def close(self):
        self.sock.close()
        self.is_eof = True

    # The handshake.

    def expect_header(self):
        """The component's header has come; the address that it names."""
        end = time.monotonic() + TIMEOUT
        while self.cutter.header is None:
            if not self._read(end - time.monotonic()) and (
                    self.is_eof or time.monotonic() > end):
                raise WireError("no stream header")
        header = self.cutter.header
        if b"'jabber:component:accept'" not in header.replace(b'"', b"'"):
            raise WireError("not XEP-0114: %r" % header)
        domain = re.search(rb"""\sto=(["'])(.*?)\1""", header)
        if domain is None:
            raise WireError("a header without an address: %r" % header)
        return domain.group(2)

    def handshake(self, secret):
        """As the server does it; the component's domain."""
        domain = self.expect_header()
        self.send(HEADER % (self.stream_id.encode(), domain))
        got = self.receive()
        want = hashlib.sha1(self.stream_id.encode() + secret).hexdigest()
        if got != b"<handshake>%s</handshake>" % want.encode():
            self.send(b"<stream:error><not-authorized xmlns='urn:ietf:params:"
                      b"xml:ns:xmpp-streams'/></stream:error>"
                      b"</stream:stream>")
            self.close()
            raise WireError("a wrong handshake: %r" % got)
        self.send(b"<handshake/>")
        return domain.decode()


class ComponentServer:
    """Listens on loopback; one component at a time."""

    def __init__(self, port=0, secret="secret", host="127.0.0.1"):
        self.secret = secret.encode()
        self.accepted = 0
        self.domain = None  # of the component that came last
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((host, port))
        self.sock.listen(8)
        self.port = self.sock.getsockname()[1]

    def accept_raw(self, timeout=TIMEOUT):
        """A connection on which nothing has been said."""
        self.sock.settimeout(timeout)
        try:
            sock, _ = self.sock.accept()
        except socket.timeout:
            raise WireError("no component comes") from None
        self.accepted += 1
        return Peer(sock, "stream-%d" % self.accepted)

    def accept(self, timeout=TIMEOUT):
        """A component that is up."""
        peer = self.accept_raw(timeout)
        self.domain = peer.handshake(self.secret)
        return peer

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Tap:
    """Counts tests and prints TAP; a test is a function without arguments."""

    def __init__(self):
        self.count = self.failed = 0

    def run(self, name, function):
        self.count += 1
        try:
            function()
        except Exception as e:  # whatever it is, it is this test's failure
            self.failed += 1
            print("not ok %d - %s" % (self.count, name))
            print("# %s: %s" % (type(e).__name__, e))
        else:
            print("ok %d - %s" % (self.count, name))
        sys.stdout.flush()

    def skip(self, name, reason):
        self.count += 1
        print("ok %d - %s # SKIP %s" % (self.count, name, reason))

    def done(self):
        """The exit status."""
        print("1..%d" % self.count)
        return 1 if self.failed else 0


def main():
    server = ComponentServer(int(sys.argv[1]), sys.argv[2])
    peer = server.accept(timeout=None)
    print("# %s is up" % server.domain, file=sys.stderr)

    def copy_in():
        for line in sys.stdin.buffer:
            peer.send(line)
        peer.end()

    threading.Thread(target=copy_in, daemon=True).start()
    while not peer.is_eof:
        try:
            print(peer.receive(timeout=1.0).decode(), flush=True)
        except WireError:
            continue


if __name__ == "__main__":
    main()
