#!/usr/bin/python3
"""Domains of our own on loopback: a DNS server and an HTTPS server, both of
which can be told to misbehave.

    with Dns() as dns, Web() as web:
        dns.add("example.org", "A", "127.0.0.1")
        dns.rules["odd.example"] = lambda query, transport: b"..."
        web.pages["example.org", "/.well-known/masthead.txt"] = b"text\n"
        web.rules["slow.example"] = lambda connection, path: ...

Run as a program, for scenarios: `domains.py FOLDER DNS_PORT HTTPS_PORT` serves
what lies in FOLDER, read anew for each question, until it is killed:

    FOLDER/dns           lines "NAME TYPE VALUE"; NAME alone is there, empty;
                         "NAME SERVFAIL" fails
    FOLDER/dns.refused   if it is there, every answer is SERVFAIL
    FOLDER/dns.silent    if it is there, no question is answered
    FOLDER/web/HOST/...  files
    FOLDER/ca.pem        the authority behind the certificates, made at start
"""

import datetime
import os
import socket
import ssl
import sys
import tempfile
import threading

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TTL = 60


def day(offset):
    now = datetime.datetime.utcnow()
    return now + datetime.timedelta(days=offset)


def both_ports(port):
    """A UDP and a TCP socket on the same port of 127.0.0.1."""
    for _ in range(50):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp = socket.socket()
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            udp.bind(("127.0.0.1", port))
            tcp.bind(("127.0.0.1", udp.getsockname()[1]))
        except OSError:
            udp.close()
            tcp.close()
            if port:
                raise
            continue
        tcp.listen(64)
        return udp, tcp
    raise OSError("no port for both UDP and TCP")


class Zone:
    """A signed zone: its key, and signatures by it."""

    def __init__(self, name):
        self.name = dns.name.from_text(name)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.dnskey = dns.dnssec.make_dnskey(self.key.public_key(),
                                             "ECDSAP256SHA256", 257)
        self.rrset = dns.rrset.from_rdata(self.name, TTL, self.dnskey)

    def anchor(self):
        """A trust anchor, as a file has it."""
        return "%s IN DNSKEY %s\n" % (self.name, self.dnskey.to_text())

    def sign(self, rrset, inception=-1, expiration=30):
        rdata = dns.dnssec.sign(rrset, self.key, self.name, self.dnskey,
                                inception=day(inception),
                                expiration=day(expiration))
        return dns.rrset.from_rdata(rrset.name, TTL, rdata)


class Dns:
    """Answers from `records`, or as a rule for the name says.

    A rule gets the parsed query and "udp" or "tcp", and returns a message,
    bytes, a list of them (sent one after the other), or None for silence.
    """

    def __init__(self, port=0):
        self.udp, self.tcp = both_ports(port)
        self.port = self.udp.getsockname()[1]
        self.records = {}  # (name, type) -> [rdata as text]
        self.names = set()
        self.rules = {}
        self.zones = []
        self.signers = {}  # name -> how to sign its answers: callable
        self.asked = []    # (name, type, transport), all of them
        self.is_open = True
        self.add(".", "NS", "a.root.example.")

    def __enter__(self):
        for run in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=run, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.is_open = False
        self.udp.close()
        self.tcp.close()

    @property
    def address(self):
        return "127.0.0.1:%d" % self.port

    def add(self, name, kind, *values):
        name = dns.name.from_text(name)
        self.records.setdefault((name, kind), []).extend(values)
        self._note(name)

    def add_name(self, name):
        """It is there, without a record."""
        self._note(dns.name.from_text(name))

    def drop(self, name, kind):
        self.records.pop((dns.name.from_text(name), kind), None)

    def count(self, name):
        name = dns.name.from_text(name)
        return sum(1 for asked in self.asked if asked[0] == name)

    def _note(self, name):
        while name != dns.name.root:
            self.names.add(name)
            name = name.parent()

    def answer(self, query):
        """What an honest server says."""
        question = query.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        r = dns.message.make_response(query)
        r.flags |= dns.flags.RA
        for zone in self.zones:
            if question.name == zone.name and kind == "DNSKEY":
                r.answer += [zone.rrset, zone.sign(zone.rrset)]
                return r
        values = self.records.get((question.name, kind))
        if values:
            rrset = dns.rrset.from_text_list(question.name, TTL, "IN", kind,
                                             values)
            r.answer.append(rrset)
            sign = self.signers.get(question.name)
            if sign:
                r.answer += sign(rrset)
        else:
            if question.name not in self.names | {dns.name.root}:
                r.set_rcode(dns.rcode.NXDOMAIN)
            soa = "ns. root. 1 60 60 60 60"
            r.authority.append(dns.rrset.from_text(
                question.name.parent() if question.name != dns.name.root
                else question.name, TTL, "IN", "SOA", soa))
        return r

    def _reply(self, data, transport):
        try:
            query = dns.message.from_wire(data)
            question = query.question[0]
        except Exception:
            return []
        self.asked.append((question.name,
                           dns.rdatatype.to_text(question.rdtype), transport))
        rule = self.rules.get(question.name.to_text().rstrip("."))
        rule = rule or self.rules.get("*")
        got = rule(query, transport) if rule else self.answer(query)
        if got is None:
            return []
        got = got if isinstance(got, list) else [got]
        return [g if isinstance(g, bytes) else g.to_wire(max_size=65535)
                for g in got]

    def _serve_udp(self):
        while self.is_open:
            try:
                data, peer = self.udp.recvfrom(65535)
                for reply in self._reply(data, "udp"):
                    self.udp.sendto(reply, peer)
            except OSError:
                return

    def _serve_tcp(self):
        while self.is_open:
            try:
                peer, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_peer, args=(peer,),
                             daemon=True).start()

    def _serve_peer(self, peer):
        with peer, peer.makefile("rb") as stream:
            try:
                while True:
                    head = stream.read(2)
                    if len(head) < 2:
                        return
                    data = stream.read(int.from_bytes(head, "big"))
                    for reply in self._reply(data, "tcp"):
                        peer.sendall(len(reply).to_bytes(2, "big") + reply)
            except OSError:
                return


class Authority:
    """Makes certificates."""

    def __init__(self, name="Test Authority"):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._build(
            self.name, self.key.public_key(), day(-30), day(365)).add_extension(
                x509.BasicConstraints(ca=True, path_length=None),
                critical=True).sign(self.key, hashes.SHA256())

    def _build(self, subject, public, since, until):
        return (x509.CertificateBuilder().subject_name(subject)
                .issuer_name(self.name).public_key(public)
                .serial_number(x509.random_serial_number())
                .not_valid_before(since).not_valid_after(until))

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def context(self, host, since=-10, until=90):
        """A server's end of TLS with a certificate for this host."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME,
                                                host[:64])])
        certificate = self._build(
            subject, key.public_key(), day(since), day(until)).add_extension(
                x509.SubjectAlternativeName([x509.DNSName(host)]),
                critical=False).sign(self.key, hashes.SHA256())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile() as f:
            f.write(certificate.public_bytes(serialization.Encoding.PEM))
            f.write(key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption()))
            f.flush()
            context.load_cert_chain(f.name)
        return context


def response(body=b"", status="200 OK", headers=()):
    lines = ["HTTP/1.1 " + status, "Content-Length: %d" % len(body),
             "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Web:
    """HTTPS for any host that a client names by SNI.

    A rule of a host gets the connection, whose TLS is up and whose request
    has been read, and the request's first line's path.
    """

    def __init__(self, port=0, address="127.0.0.1"):
        self.authority = Authority()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen(128)
        self.port = self.listener.getsockname()[1]
        self.contexts = {}  # host -> ssl.SSLContext
        self.pages = {}     # (host, path) -> body
        self.rules = {}
        self.raw = {}       # host -> rule instead of TLS; "*" for all
        self.connections = 0
        self.requests = []  # (host, path, header lines)
        self.lock = threading.Lock()

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def context_of(self, host):
        with self.lock:
            if host not in self.contexts:
                self.contexts[host] = self.authority.context(host)
            return self.contexts[host]

    def page(self, host, path):
        return self.pages.get((host, path))

    def _serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve_peer, args=(peer,),
                             daemon=True).start()

    def _serve_peer(self, peer):
        peer.settimeout(60)
        named = []

        def choose(connection, host, _):
            named.append(host or "")
            connection.context = self.context_of(host or "none.example")

        wrapping = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        wrapping.sni_callback = choose
        try:
            if "*" in self.raw:
                self.raw["*"](peer)
                return
            with wrapping.wrap_socket(peer, server_side=True) as connection:
                self._serve_request(connection, named[0])
        except (OSError, ValueError, IndexError):
            pass
        finally:
            peer.close()

    def _serve_request(self, connection, host):
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(4096)
            if not more:
                return
            data += more
        lines = data.decode("latin-1").split("\r\n")
        path = lines[0].split(" ")[1]
        self.requests.append((host, path, lines[1:]))
        if host in self.rules:
            self.rules[host](connection, path)
            return
        body = self.page(host, path)
        connection.sendall(response(b"none\n", "404 Not Found")
                           if body is None else response(body))


class FolderDns(Dns):
    """As the files of a folder say at the moment."""

    def __init__(self, folder, port):
        self.folder = folder
        super().__init__(port)
        self.rules["*"] = self._look

    @staticmethod
    def _fail(query):
        r = dns.message.make_response(query)
        r.set_rcode(dns.rcode.SERVFAIL)
        return r

    def _look(self, query, _):
        if os.path.exists(self.folder + "/dns.silent"):
            return None
        if os.path.exists(self.folder + "/dns.refused"):
            return self._fail(query)
        self.records, self.names = {}, set()
        self.add(".", "NS", "a.root.example.")
        with open(self.folder + "/dns", encoding="utf-8") as f:
            for line in f:
                words = line.split(None, 2)
                if len(words) == 3:
                    self.add(words[0], words[1], words[2].strip())
                elif words:
                    self.add_name(words[0])
                name = query.question[0].name.to_text()
                if words[1:] == ["SERVFAIL"] and name == words[0] + ".":
                    return self._fail(query)
        return self.answer(query)


class FolderWeb(Web):
    def __init__(self, folder, port):
        self.folder = folder
        super().__init__(port)
        with open(folder + "/ca.pem", "wb") as f:
            f.write(self.authority.pem())

    def page(self, host, path):
        try:
            with open("%s/web/%s%s" % (self.folder, host, path), "rb") as f:
                return f.read()
        except OSError:
            return None


def main():
    folder, dns_port, https_port = sys.argv[1], sys.argv[2], sys.argv[3]
    with open(folder + "/dns", "a", encoding="utf-8"):
        pass
    with FolderDns(folder, int(dns_port)), FolderWeb(folder, int(https_port)):
        print("up", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
