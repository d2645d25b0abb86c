#!/usr/bin/python3
"""Proofs of domains before servers that help, fail, lie and attack.

Both servers are ours, on loopback (servers/domains.py); the prover is the
daemon's, without the daemon around it.
"""

import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "servers"))

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
from cryptography.hazmat.primitives import hashes

from component_server import Tap, WireError
from domains import Authority, Dns, Web, Zone, response

BIN = os.environ.get("MASTHEAD_BIN", "build/asan")
TOKEN = "abcdefghijklmnopqrstuv"
TEXT = "masthead-verification=" + TOKEN
PATH = "/.well-known/masthead.txt"
SHORT_MS = 1500  # for what never answers

tap = Tap()
warnings.simplefilter("ignore", DeprecationWarning)  # old TLS, on purpose


class Result:
    def __init__(self, line):
        self.line = line
        fields = line.split("\t")
        self.outcome, self.why, self.dnssec, self.asked, self.got = fields[1:]


def run(lines, *options, timeout=60):
    """The tool's lines, as fields; its exit status must be 0."""
    done = subprocess.run([BIN + "/wire/prover_tool", *options],
                          input="".join(line + "\n" for line in lines).encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=timeout, check=False)
    if done.returncode != 0:
        raise WireError("status %d: %s" % (done.returncode,
                                           done.stderr.decode()[-3000:]))
    return [line for line in done.stdout.decode().split("\n") if line]


def check(method, domain, *options, token=TOKEN, timeout=60):
    lines = run(["1 %s %s %s" % (method, domain, token)], *options,
                timeout=timeout)
    lines = [line for line in lines if not line.startswith("late")]
    if len(lines) != 1:
        raise WireError("want one result, got %r" % lines)
    return Result(lines[0])


def want(result, outcome, why, got=None, asked=None, dnssec=None):
    if (result.outcome, result.why) != (outcome, why):
        raise WireError("want %s %s, got %s" % (outcome, why, result.line))
    if got is not None and got not in result.got:
        raise WireError("want %r in %s" % (got, result.line))
    if asked is not None and result.asked != asked:
        raise WireError("want %r asked, got %s" % (asked, result.line))
    if dnssec is not None and result.dnssec != dnssec:
        raise WireError("want %s, got %s" % (dnssec, result.line))


class Net:
    """Both servers, a domain with an address, and how to ask them."""

    def __init__(self, domain="daily.example", address="127.0.0.1"):
        self.domain = domain
        self.dns = Dns()
        self.web = Web()
        self.ca = tempfile.NamedTemporaryFile(suffix=".pem")
        self.ca.write(self.web.authority.pem())
        self.ca.flush()
        if address:
            self.dns.add(domain, "A", address)

    def __enter__(self):
        self.dns.__enter__()
        self.web.__enter__()
        return self

    def __exit__(self, *_):
        self.dns.__exit__()
        self.web.__exit__()
        self.ca.close()

    def options(self, private=True):
        r = ["-r", self.dns.address, "-p", str(self.web.port), "-c",
             self.ca.name]
        return r + ["-P"] if private else r

    def by_dns(self, *options, **more):
        return check("dns", self.domain, *self.options(), *options, **more)

    def by_https(self, *options, private=True, **more):
        return check("https", self.domain, *self.options(private), *options,
                     **more)

    def publish(self, *texts):
        self.dns.add("_masthead." + self.domain, "TXT",
                     *['"%s"' % text for text in texts])

    def serve(self, body, path=PATH):
        self.web.pages[self.domain, path] = body

    def url(self, path=PATH, host=None):
        return "https://%s:%d%s" % (host or self.domain, self.web.port, path)


def test(name):
    """The function runs with a Net of its own, under this name."""
    def decorate(function):
        def body():
            with Net() as net:
                function(net)
        tap.run(name, body)
        return function
    return decorate


# DNS

@test("dns: a record proves it")
def _(net):
    net.publish(TEXT)
    want(net.by_dns(), "found", "there", TEXT,
         "TXT _masthead.daily.example", "unchecked")


@test("dns: among other records, in several strings")
def _(net):
    net.dns.add("_masthead.daily.example", "TXT", '"v=spf1 -all"',
                '"masthead-verification=old"',
                '"masthead-veri" "fication=" "%s"' % TOKEN)
    want(net.by_dns(), "found", "there", TEXT)


@test("dns: behind an alias")
def _(net):
    def alias(query, _):
        r = dns.message.make_response(query)
        name = query.question[0].name
        target = dns.name.from_text("proofs.elsewhere.example.")
        r.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME",
                                            target.to_text()))
        return r
    net.dns.add("proofs.elsewhere.example", "TXT", '"%s"' % TEXT)
    net.dns.rules["_masthead.daily.example"] = alias
    want(net.by_dns(), "found", "there", TEXT)


@test("dns: no such name")
def _(net):
    want(net.by_dns(), "missing", "nxdomain", "")


@test("dns: the name is there, the record is not")
def _(net):
    net.dns.add_name("_masthead.daily.example")
    want(net.by_dns(), "missing", "no-record")


@test("dns: another token")
def _(net):
    net.publish("masthead-verification=another")
    want(net.by_dns(), "missing", "other-token",
         "masthead-verification=another")


@test("dns: another text")
def _(net):
    net.publish("hello")
    want(net.by_dns(), "missing", "other-text", "hello")


@test("dns: bytes are shown as text")
def _(net):
    net.dns.add("_masthead.daily.example", "TXT", r'"a\000\009\010\027[2J\255"')
    r = net.by_dns()
    want(r, "missing", "other-text")
    if r.got != "a????[2J?":
        raise WireError("shown as %r" % r.got)


@test("dns: a published record is seen when asked again")
def _(net):
    def ask_twice():
        tool = subprocess.Popen(
            [BIN + "/wire/prover_tool", *net.options()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        line = b"%d dns daily.example " + TOKEN.encode() + b"\n"
        tool.stdin.write(line % 1)
        tool.stdin.flush()
        first = Result(tool.stdout.readline().decode().rstrip("\n"))
        net.publish(TEXT)
        deadline = time.time() + 20
        n = 1
        while time.time() < deadline:
            n += 1
            tool.stdin.write(line % n)
            tool.stdin.flush()
            second = Result(tool.stdout.readline().decode().rstrip("\n"))
            if second.outcome == "found":
                break
            time.sleep(0.3)
        tool.stdin.close()
        tool.wait(20)
        return first, second, n
    first, second, n = ask_twice()
    want(first, "missing", "nxdomain")
    want(second, "found", "there")
    if n > 12:
        raise WireError("it took %d questions to see it" % n)


@test("dns: SERVFAIL is the domain's trouble while the root answers")
def _(net):
    def servfail(query, _):
        r = dns.message.make_response(query)
        r.set_rcode(dns.rcode.SERVFAIL)
        return r
    net.dns.rules["_masthead.daily.example"] = servfail
    want(net.by_dns(), "missing", "servfail", "2")


@test("dns: REFUSED likewise")
def _(net):
    def refused(query, _):
        r = dns.message.make_response(query)
        r.set_rcode(dns.rcode.REFUSED)
        return r
    net.dns.rules["_masthead.daily.example"] = refused
    r = net.by_dns()
    want(r, "missing", "servfail")


@test("dns: a resolver that fails for everything is our trouble")
def _(net):
    def servfail(query, _):
        r = dns.message.make_response(query)
        r.set_rcode(dns.rcode.SERVFAIL)
        return r
    net.dns.rules["*"] = servfail
    want(net.by_dns(), "unknown", "resolver")


@test("dns: silence about one name is the domain's trouble")
def _(net):
    net.dns.rules["_masthead.daily.example"] = lambda *_: None
    want(net.by_dns("-t", str(SHORT_MS)), "missing", "timeout")


@test("dns: silence about everything is ours")
def _(net):
    net.dns.rules["*"] = lambda *_: None
    want(net.by_dns("-t", str(SHORT_MS)), "unknown", "resolver")


@test("dns: what failed is not remembered")
def _(net):
    net.publish(TEXT)
    net.dns.rules["*"] = lambda *_: None
    with subprocess.Popen([BIN + "/wire/prover_tool", *net.options(), "-t",
                           str(SHORT_MS)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as tool:
        def ask():
            tool.stdin.write(b"1 dns daily.example %s\n" % TOKEN.encode())
            tool.stdin.flush()
            return Result(tool.stdout.readline().decode().rstrip("\n"))
        for _ in range(2):
            want(ask(), "unknown", "resolver")
        del net.dns.rules["*"]
        found = ask()
        tool.stdin.close()
        tool.wait(30)
    want(found, "found", "there")


@test("dns: no resolver there at all")
def _(net):
    closed = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    closed.bind(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    want(check("dns", "daily.example", "-r", "127.0.0.1:%d" % port, "-t",
               str(SHORT_MS)), "unknown", "resolver")


def lie(change):
    """A forged answer that says what would prove it, and nothing else."""
    def rule(query, _):
        r = dns.message.make_response(query)
        r.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN",
                                            "TXT", '"%s"' % TEXT))
        return change(r)
    return rule


@test("dns: an answer with a wrong id is none")
def _(net):
    def change(r):
        r.id = (r.id + 1) & 0xffff
        return r
    net.dns.rules["_masthead.daily.example"] = lie(change)
    want(net.by_dns("-t", str(SHORT_MS)), "missing", "timeout")


@test("dns: an answer to another question is none")
def _(net):
    def change(r):
        other = dns.name.from_text("_masthead.other.example.")
        r.question = [dns.rrset.RRset(other, 1, 16)]
        r.answer = [dns.rrset.from_text(other, 60, "IN", "TXT",
                                        '"%s"' % TEXT)]
        return r
    net.dns.rules["_masthead.daily.example"] = lie(change)
    r = net.by_dns("-t", str(SHORT_MS))
    if r.outcome == "found":
        raise WireError(r.line)


@test("dns: records of another name prove nothing")
def _(net):
    def change(r):
        r.answer = [dns.rrset.from_text("_masthead.other.example.", 60, "IN",
                                        "TXT", '"%s"' % TEXT)]
        return r
    net.dns.rules["_masthead.daily.example"] = lie(change)
    r = net.by_dns("-t", "4000")
    if r.outcome == "found":
        raise WireError(r.line)


@test("dns: rubbish is no answer")
def _(net):
    def rubbish(query, transport):
        return [query.to_wire()[:2] + b"\x80\x00" + os.urandom(40), b"", b"x"]
    net.dns.rules["_masthead.daily.example"] = rubbish
    r = net.by_dns("-t", str(SHORT_MS))
    if r.outcome == "found" or r.why == "fault":
        raise WireError(r.line)


@test("dns: a name that points to itself ends")
def _(net):
    def compression_loop(query, _):
        head = query.to_wire()[:2] + b"\x81\x80\x00\x01\x00\x01\0\0\0\0"
        return head + b"\xc0\x0c\x00\x10\x00\x01" * 2
    net.dns.rules["_masthead.daily.example"] = compression_loop
    r = net.by_dns("-t", str(SHORT_MS))
    if r.outcome == "found":
        raise WireError(r.line)


@test("dns: aliases in a circle end")
def _(net):
    def circle(query, _):
        r = dns.message.make_response(query)
        name = query.question[0].name.to_text()
        other = "a.loop.example." if name != "a.loop.example." else \
            "_masthead.daily.example."
        r.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", other))
        return r
    net.dns.rules["_masthead.daily.example"] = circle
    net.dns.rules["a.loop.example"] = circle
    r = net.by_dns("-t", "4000")
    if r.outcome == "found":
        raise WireError(r.line)


@test("dns: truncated over UDP, whole over TCP")
def _(net):
    net.publish(*["filler-%d-%s" % (n, "x" * 200) for n in range(50)], TEXT)

    def rule(query, transport):
        r = net.dns.answer(query)
        if transport == "udp":
            r.answer = []
            r.flags |= dns.flags.TC
        return r
    net.dns.rules["_masthead.daily.example"] = rule
    want(net.by_dns(), "found", "there", TEXT)
    if not any(asked[2] == "tcp" for asked in net.dns.asked):
        raise WireError("it was not asked over TCP")


@test("dns: a huge answer is looked at as far as its maximum")
def _(net):
    net.publish(*["filler-%d-%s" % (n, "x" * 200) for n in range(250)])

    def rule(query, transport):
        r = net.dns.answer(query)
        if transport == "udp":
            r.answer = []
            r.flags |= dns.flags.TC
        return r
    net.dns.rules["_masthead.daily.example"] = rule
    r = net.by_dns()
    want(r, "missing", "other-text", "filler-")


# DNSSEC

class Signed(Net):
    def __init__(self):
        super().__init__(domain="daily.signed.example", address=None)
        self.zone = Zone("signed.example.")
        self.dns.zones.append(self.zone)
        self.dns.add_name("signed.example")
        self.anchor = tempfile.NamedTemporaryFile("w", suffix=".key")
        self.anchor.write(self.zone.anchor())
        self.anchor.flush()
        self.name = dns.name.from_text("_masthead." + self.domain)

    def options(self, private=True):
        return super().options(private) + ["-a", self.anchor.name]


def signed(name):
    def decorate(function):
        def body():
            with Signed() as net:
                function(net)
        tap.run(name, body)
        return function
    return decorate


@signed("dnssec: signed and secure")
def _(net):
    net.publish(TEXT)
    net.dns.signers[net.name] = lambda rrset: [net.zone.sign(rrset)]
    want(net.by_dns(), "found", "there", TEXT, dnssec="secure")


@signed("dnssec: outside of what is signed, insecure")
def _(net):
    net.domain = "daily.example"
    net.publish(TEXT)
    want(net.by_dns(), "found", "there", TEXT, dnssec="insecure")


@signed("dnssec: a signature that is missing")
def _(net):
    net.publish(TEXT)
    want(net.by_dns(), "missing", "bogus", dnssec="bogus")


@signed("dnssec: a signature that has expired")
def _(net):
    net.publish(TEXT)
    net.dns.signers[net.name] = lambda rrset: [net.zone.sign(rrset, -30, -2)]
    r = net.by_dns()
    want(r, "missing", "bogus", "expired", dnssec="bogus")


@signed("dnssec: a signature of other bytes")
def _(net):
    net.publish(TEXT)

    def forge(rrset):
        other = dns.rrset.from_text(rrset.name, 60, "IN", "TXT", '"other"')
        return [net.zone.sign(other)]
    net.dns.signers[net.name] = forge
    want(net.by_dns(), "missing", "bogus", dnssec="bogus")


@signed("dnssec: a signature of a stranger's key")
def _(net):
    net.publish(TEXT)
    other = Zone("signed.example.")
    net.dns.signers[net.name] = lambda rrset: [other.sign(rrset)]
    want(net.by_dns(), "missing", "bogus", dnssec="bogus")


@signed("dnssec: a web server's address that is bogus is not connected to")
def _(net):
    net.dns.add(net.domain, "A", "127.0.0.1")
    net.serve(TEXT.encode())
    want(net.by_https(), "missing", "bogus", dnssec="bogus")
    if net.web.connections:
        raise WireError("it connected")


# HTTPS: what works

@test("https: a file proves it")
def _(net):
    net.serve(TEXT.encode() + b"\n")
    want(net.by_https(), "found", "there", TEXT, net.url())
    host, path, headers = net.web.requests[0]
    if (host, path) != ("daily.example", PATH):
        raise WireError("asked %r" % (net.web.requests[0],))
    names = sorted(h.split(":")[0].lower() for h in headers if h)
    if names != ["accept", "host", "user-agent"]:
        raise WireError("it said more than it should: %r" % headers)


@test("https: among other lines")
def _(net):
    net.serve(b"# Proofs\r\nmasthead-verification=old\r\n  " +
              TEXT.encode() + b"\r\n")
    want(net.by_https(), "found", "there", TEXT)


@test("https: up to the maximum")
def _(net):
    net.serve(b"x" * (4096 - len(TEXT) - 1) + b"\n" + TEXT.encode())
    want(net.by_https(), "found", "there", TEXT)


@test("https: chunks")
def _(net):
    def rule(c, _):
        c.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for byte in TEXT.encode():
            c.sendall(b"1\r\n%c\r\n" % byte)
        c.sendall(b"0\r\n\r\n")
    net.web.rules[net.domain] = rule
    want(net.by_https(), "found", "there", TEXT)


@test("https: redirects on the same host, three of them")
def _(net):
    def rule(c, path):
        n = {PATH: 0, "/1": 1, "/2?a=b": 2, "/3": 3}[path]
        if n == 3:
            c.sendall(response(TEXT.encode()))
            return
        where = [net.url("/1"), "/2?a=b", "https://DAILY.example:%d/3"
                 % net.web.port][n]
        c.sendall(response(b"", "302 Found", ["Location: " + where]))
    net.web.rules[net.domain] = rule
    want(net.by_https(), "found", "there", TEXT, net.url("/3"))


@test("https: a bad connection first, then a good one")
def _(net):
    net.dns.drop(net.domain, "A")
    net.dns.add(net.domain, "A", "127.0.0.77", "127.0.0.1")
    net.serve(TEXT.encode())
    want(net.by_https(), "found", "there", TEXT)


# HTTPS: what does not

@test("https: no such host")
def _(net):
    want(check("https", "none.example", *net.options()), "missing",
         "nxdomain", asked="https://none.example" + PATH)


@test("https: a host without an address")
def _(net):
    net.dns.add_name("bare.example")
    want(check("https", "bare.example", *net.options()), "missing",
         "no-address")


@test("https: SERVFAIL for the host")
def _(net):
    def servfail(query, _):
        r = dns.message.make_response(query)
        r.set_rcode(dns.rcode.SERVFAIL)
        return r
    net.dns.rules[net.domain] = servfail
    want(net.by_https(), "missing", "servfail", "2")


@test("https: the resolver is down")
def _(net):
    net.dns.rules["*"] = lambda *_: None
    want(net.by_https("-t", str(SHORT_MS)), "unknown", "resolver")


@test("https: a closed port")
def _(net):
    net.web.listener.shutdown(socket.SHUT_RDWR)
    net.web.listener.close()
    want(net.by_https(), "missing", "refused")


@test("https: no file")
def _(net):
    want(net.by_https(), "missing", "status", "404")


@test("https: other statuses")
def _(net):
    for status in "204 No Content", "206 Part", "401 Who", "403 No", \
            "500 Oops", "503 Later", "300 Choose", "304 Same":
        net.web.rules[net.domain] = lambda c, _: c.sendall(
            response(TEXT.encode() if status[0] != "3" and "204" not in status
                     else b"", status))
        want(net.by_https(), "missing", "status", status[:3])


@test("https: another token")
def _(net):
    net.serve(b"hello\nmasthead-verification=another\n")
    want(net.by_https(), "missing", "other-token",
         "masthead-verification=another")


@test("https: another text, an empty file, bytes")
def _(net):
    net.serve(b"<html>\n<p>Not found</p>")
    want(net.by_https(), "missing", "other-text", "<html>")
    net.serve(b"")
    r = net.by_https()
    want(r, "missing", "other-text")
    if r.got:
        raise WireError(r.line)
    net.serve(bytes(range(256)) * 8)
    want(net.by_https(), "missing", "other-text", "?")


@test("https: the text compressed is not the text")
def _(net):
    import gzip
    net.web.rules[net.domain] = lambda c, _: c.sendall(
        response(gzip.compress(TEXT.encode()), headers=[
            "Content-Encoding: gzip"]))
    want(net.by_https(), "missing", "other-text")


@test("https: too large, and says so")
def _(net):
    net.serve(TEXT.encode() + b"\n" + b"x" * 4096)
    want(net.by_https(), "missing", "huge")


@test("https: a stream without end")
def _(net):
    sent = []

    def rule(c, _):
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while True:
            c.sendall(TEXT.encode() + b"\n" + b"x" * 900 + b"\n")
            sent.append(1)
    net.web.rules[net.domain] = rule
    want(net.by_https(), "missing", "huge")
    time.sleep(0.2)
    count = len(sent)
    time.sleep(0.3)
    if len(sent) != count:
        raise WireError("it still reads")


@test("https: headers without end")
def _(net):
    def rule(c, _):
        c.sendall(b"HTTP/1.1 200 OK\r\n")
        for n in range(100000):
            c.sendall(b"X-%d: %s\r\n" % (n, b"y" * 500))
    net.web.rules[net.domain] = rule
    want(net.by_https(), "missing", "huge")


@test("https: one header without end")
def _(net):
    def rule(c, _):
        c.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            c.sendall(b"y" * 1000)
    net.web.rules[net.domain] = rule
    r = net.by_https()
    if r.outcome != "missing" or r.why not in ("huge", "broken"):
        raise WireError(r.line)


@test("https: interim answers without end")
def _(net):
    def rule(c, _):
        while True:
            c.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
    net.web.rules[net.domain] = rule
    want(net.by_https(), "missing", "huge")


@test("https: a slow drip ends in time")
def _(net):
    def rule(c, _):
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for byte in (TEXT + "\n" + "x" * 1000).encode():
            c.sendall(bytes([byte]))
            time.sleep(0.1)
    net.web.rules[net.domain] = rule
    before = time.time()
    want(net.by_https("-t", str(SHORT_MS)), "missing", "slow")
    if time.time() - before > SHORT_MS / 1000 + 2:
        raise WireError("it took %.1f s" % (time.time() - before))


@test("https: silence after the request, and after the connection")
def _(net):
    net.web.rules[net.domain] = lambda c, _: time.sleep(5)
    want(net.by_https("-t", str(SHORT_MS)), "missing", "slow")
    net.web.raw["*"] = lambda c: time.sleep(5)
    want(net.by_https("-t", str(SHORT_MS)), "missing", "slow")


@test("https: an answer that is cut short")
def _(net):
    net.web.rules[net.domain] = lambda c, _: c.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + TEXT.encode())
    want(net.by_https(), "missing", "broken")


@test("https: what is no HTTP, and no TLS")
def _(net):
    net.web.rules[net.domain] = lambda c, _: c.sendall(TEXT.encode() * 10)
    want(net.by_https(), "missing", "broken")
    net.web.raw["*"] = lambda c: (c.recv(10), c.sendall(
        b"HTTP/1.1 200 OK\r\n\r\n" + TEXT.encode()))
    want(net.by_https(), "missing", "tls")


@test("https: a connection that is reset")
def _(net):
    def reset(c):
        c.recv(10)
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                     struct.pack("ii", 1, 0))
    net.web.raw["*"] = reset
    r = net.by_https()
    if r.outcome != "missing" or r.why not in ("tls", "broken"):
        raise WireError(r.line)


# HTTPS: certificates

@test("https: a certificate for another name, and for which")
def _(net):
    net.web.contexts[net.domain] = net.web.authority.context("other.example")
    net.serve(TEXT.encode())
    want(net.by_https(), "missing", "cert-name", "DNS:other.example")
    if net.web.requests:
        raise WireError("it asked all the same: %r" % net.web.requests)


@test("https: a certificate that has expired, and when")
def _(net):
    net.web.contexts[net.domain] = net.web.authority.context(net.domain, -90,
                                                             -3)
    net.serve(TEXT.encode())
    want(net.by_https(), "missing", "cert-date", "until ")
    if net.web.requests:
        raise WireError("it asked all the same: %r" % net.web.requests)


@test("https: a certificate of tomorrow")
def _(net):
    net.web.contexts[net.domain] = net.web.authority.context(net.domain, 1, 90)
    want(net.by_https(), "missing", "cert-date", "from ")


@test("https: a certificate of an unknown authority, and which")
def _(net):
    net.web.contexts[net.domain] = Authority("Nobody's").context(net.domain)
    net.serve(TEXT.encode())
    want(net.by_https(), "missing", "cert-issuer", "Nobody's")
    if net.web.requests:
        raise WireError("it asked all the same: %r" % net.web.requests)


@test("https: a certificate that signed itself")
def _(net):
    alone = Authority(net.domain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    from cryptography.hazmat.primitives import serialization
    with tempfile.NamedTemporaryFile() as f:
        f.write(alone.pem())
        f.write(alone.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption()))
        f.flush()
        context.load_cert_chain(f.name)
    net.web.contexts[net.domain] = context
    want(net.by_https(), "missing", "cert-issuer", net.domain)


@test("https: without our authority, the system's is asked")
def _(net):
    net.serve(TEXT.encode())
    r = check("https", net.domain, "-r", net.dns.address, "-p",
              str(net.web.port), "-P")
    want(r, "missing", "cert-issuer", "Test Authority")


@test("https: a list of authorities that is not there is our trouble")
def _(net):
    net.serve(TEXT.encode())
    want(check("https", net.domain, "-r", net.dns.address, "-p",
               str(net.web.port), "-P", "-c", "/nonexistent/ca.pem"),
         "unknown", "fault", "/nonexistent/ca.pem")


@test("https: an old TLS")
def _(net):
    context = net.web.authority.context(net.domain)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.options |= ssl.OP_NO_TLSv1_2 | ssl.OP_NO_TLSv1_3
    net.web.raw["*"] = lambda c: context.wrap_socket(c, server_side=True)
    want(net.by_https(), "missing", "tls")


# HTTPS: redirects away

def redirected(net, where, why, got=None):
    net.web.pages[net.domain, "/stolen"] = TEXT.encode()

    def rule(c, path):
        if path == PATH:
            c.sendall(response(TEXT.encode(), "302 Found",
                               ["Location: " + where]))
        else:
            c.sendall(response(TEXT.encode()))
    net.web.rules[net.domain] = rule
    before = len(net.web.requests)
    want(net.by_https(), "missing", why, got)
    if len(net.web.requests) != before + 1:
        raise WireError("it went there: %r" % net.web.requests)


@test("https: redirects to other hosts are not followed")
def _(net):
    for host in "other.example", "www.daily.example", "daily.example.", \
            "127.0.0.1", "[::1]", "localhost", "0x7f000001", \
            "daily.example@other.example", "evil@daily.example", \
            "daily.example%00.other.example":
        redirected(net, "https://%s:%d/x" % (host, net.web.port),
                   "redirect-host")


@test("https: nor to other ports")
def _(net):
    redirected(net, "https://daily.example:1/x", "redirect-host")
    redirected(net, "https://daily.example/x", "redirect-host")
    redirected(net, "//other.example/x", "redirect-host")


@test("https: nor to other schemes")
def _(net):
    redirected(net, "http://daily.example:%d/x" % net.web.port,
               "redirect-plain", "http://daily.example")
    redirected(net, "ftp://daily.example/x", "redirect-plain")
    redirected(net, "gopher://daily.example:70/x", "redirect-plain")
    redirected(net, "file:///etc/passwd", "redirect-host")


@test("https: a circle of redirects ends")
def _(net):
    net.web.rules[net.domain] = lambda c, _: c.sendall(
        response(b"", "301 Moved", ["Location: " + PATH]))
    want(net.by_https(), "missing", "redirect-many")
    if len(net.web.requests) != 4:
        raise WireError("%d requests" % len(net.web.requests))


@test("https: a redirect too long to follow")
def _(net):
    net.web.rules[net.domain] = lambda c, _: c.sendall(
        response(b"", "301 Moved", ["Location: /" + "x" * 5000]))
    want(net.by_https(), "missing", "status", "301")


# HTTPS: into our own network

@test("ssrf: private addresses of all kinds are not connected to")
def _(net):
    v4 = ["127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1",
          "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
          "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1"]
    v6 = ["::1", "::", "::ffff:127.0.0.1", "::127.0.0.1", "fe80::1",
          "fc00::1", "fd00::1", "ff02::1", "64:ff9b::7f00:1",
          "64:ff9b:1::1", "2002:7f00:1::", "2001:db8::1", "fec0::1",
          "2001:0:7f00:1::"]
    lines = []
    for n, address in enumerate(v4 + v6):
        net.dns.add("a%d.example" % n, "AAAA" if ":" in address else "A",
                    address)
        lines.append("%d https a%d.example %s" % (n, n, TOKEN))
        net.web.pages["a%d.example" % n, PATH] = TEXT.encode()
    results = run(lines, *net.options(private=False))
    if len(results) != len(lines):
        raise WireError(results)
    for line in results:
        want(Result(line), "missing", "private")
    if net.web.connections:
        raise WireError("it connected")


@test("ssrf: one private address among public ones is enough")
def _(net):
    net.dns.drop(net.domain, "A")
    net.dns.add(net.domain, "A", "1.1.1.1", "127.0.0.1")
    want(net.by_https(private=False), "missing", "private", "127.0.0.1")
    net.dns.drop(net.domain, "A")
    net.dns.add(net.domain, "A", "1.1.1.1")
    net.dns.add(net.domain, "AAAA", "::1")
    want(net.by_https(private=False), "missing", "private", "::1")


@test("ssrf: a name that answers differently each time gets one look")
def _(net):
    answers = []

    def rebind(query, _):
        r = dns.message.make_response(query)
        question = query.question[0]
        if question.rdtype == 1:
            # Public at first, ours from then on.
            address = "203.0.114.1" if not answers else "127.0.0.1"
            answers.append(address)
            r.answer.append(dns.rrset.from_text(question.name, 0, "IN", "A",
                                                address))
        return r
    net.dns.rules[net.domain] = rebind
    net.serve(TEXT.encode())
    r = net.by_https("-t", str(SHORT_MS), private=False)
    if r.outcome == "found" or net.web.connections:
        raise WireError("it followed: %s" % r.line)
    if answers != ["203.0.114.1"]:
        raise WireError("asked %d times" % len(answers))


@test("ssrf: an alias into our network")
def _(net):
    def alias(query, _):
        r = dns.message.make_response(query)
        name = query.question[0].name
        r.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME",
                                            "inner.example."))
        return r
    net.dns.add("inner.example", "A", "127.0.0.1")
    net.dns.rules[net.domain] = alias
    want(net.by_https(private=False), "missing", "private", "127.0.0.1")


@test("ssrf: odd names for ourselves are not connected to")
def _(net):
    names = ["127.0.0.1", "localhost", "a.localhost", "[::1]", "::1",
             "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1",
             "user@daily.example", "user:pw@daily.example", "daily.example:22",
             "daily.example/x", "daily.example#x", "daily.example?x", "-",
             ".", "..", "a..b", "x" * 250, "%6c%6f%63alhost", "\\daily.example"]
    lines = ["%d https %s %s" % (n, name, TOKEN)
             for n, name in enumerate(names)]
    lines += ["d%d dns %s %s" % (n, name, TOKEN)
              for n, name in enumerate(names)]
    results = [r for r in run(lines, *net.options(private=False), "-t", "3000")
               if not r.startswith("late")]
    if len(results) != len(lines):
        raise WireError(results)
    for line in results:
        if "\tfound\t" in line:
            raise WireError(line)
    if net.web.connections:
        raise WireError("it connected")


@test("ssrf: the environment has no say")
def _(net):
    net.serve(TEXT.encode())
    trap = socket.socket()
    trap.bind(("127.0.0.1", 0))
    trap.listen(5)
    trap.settimeout(0.5)
    proxy = "http://127.0.0.1:%d" % trap.getsockname()[1]
    old = dict(os.environ)
    os.environ.update({name: proxy for name in (
        "https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy",
        "ALL_PROXY")})
    home = tempfile.TemporaryDirectory()
    with open(home.name + "/.netrc", "w", encoding="utf-8") as f:
        f.write("machine daily.example login user password secret\n")
    with open(home.name + "/.curlrc", "w", encoding="utf-8") as f:
        f.write("proxy = %s\n" % proxy)
    os.environ["HOME"] = home.name
    try:
        want(net.by_https(), "found", "there")
    finally:
        os.environ.clear()
        os.environ.update(old)
        home.cleanup()
    if any("authorization" in h.lower() for h in net.web.requests[0][2]):
        raise WireError("it gave a password")
    try:
        trap.accept()
    except socket.timeout:
        return
    finally:
        trap.close()
    raise WireError("it went to the proxy")


# Many, and the end

@test("many at once, all answered, none of them twice")
def _(net):
    net.publish(TEXT)
    net.serve(TEXT.encode())
    lines = ["%d %s daily.example %s" % (n, ("dns", "https")[n % 2], TOKEN)
             for n in range(120)]
    results = run(lines, *net.options())
    results = [r for r in results if not r.startswith("late")]
    if sorted(int(r.split("\t")[0]) for r in results) != list(range(120)):
        raise WireError(results)
    for r in results:
        want(Result(r), "found", "there")


@test("not more than sixteen at a time, and a queue with an end")
def _(net):
    busy, most = [0], [0]
    lock = threading.Lock()

    def rule(c, _):
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        time.sleep(0.15)
        with lock:
            busy[0] -= 1
        c.sendall(response(TEXT.encode()))
    net.web.rules[net.domain] = rule
    lines = ["%d https daily.example %s" % (n, TOKEN) for n in range(60)]
    results = [r for r in run(lines, *net.options())
               if not r.startswith("late")]
    if len(results) != 60 or not 2 <= most[0] <= 16:
        raise WireError("%d results, %d at once" % (len(results), most[0]))
    net.dns.rules["*"] = lambda *_: None
    lines = ["%d dns daily.example %s" % (n, TOKEN) for n in range(1200)]
    results = run(lines, *net.options(), "-q", "1500")
    refused = [r for r in results if "\trefused\t" in r]
    if len(refused) < 100 or "too many" not in refused[0]:
        raise WireError("%d refused" % len(refused))


@test("the end comes at once, with checks of all kinds under way")
def _(net):
    net.dns.rules["_masthead.daily.example"] = lambda *_: None
    net.dns.rules["quiet.example"] = lambda *_: None
    net.web.rules[net.domain] = lambda c, _: time.sleep(5)
    lines = []
    for n in range(10):
        lines += ["d%d dns daily.example %s" % (n, TOKEN),
                  "h%d https daily.example %s" % (n, TOKEN),
                  "q%d https quiet.example %s" % (n, TOKEN)]
    before = time.time()
    results = run(lines, *net.options(), "-q", "700")
    if time.time() - before > 4:
        raise WireError("it took %.1f s" % (time.time() - before))
    if [r for r in results if not r.startswith("late")]:
        raise WireError(results)


@test("cancelled ones do not answer, others do")
def _(net):
    net.dns.rules["_masthead.quiet.example"] = lambda *_: None
    net.publish(TEXT)
    lines = ["a dns quiet.example " + TOKEN, "b dns daily.example " + TOKEN,
             "a", "c https daily.example " + TOKEN, "c",
             "d dns daily.example " + TOKEN]
    results = run(lines, *net.options())
    names = sorted(r.split("\t")[0] for r in results)
    if names != ["b", "d"]:
        raise WireError(results)


@test("a thread of its own: all kinds of checks, while the loop goes on")
def _(net):
    net.publish(TEXT)
    net.serve(TEXT.encode())
    lines = ["%d %s daily.example %s" % (n, ("dns", "https")[n % 2], TOKEN)
             for n in range(60)]
    # No authority of ours: the system's many are read.
    options = ["-r", net.dns.address, "-p", str(net.web.port), "-P", "-T"]
    results = run(lines, *options)
    late = [r for r in results if r.startswith("late")]
    results = sorted((r for r in results if not r.startswith("late")),
                     key=lambda r: int(r.split("\t")[0]))
    if len(results) != 60:
        raise WireError(results)
    for n, r in enumerate(results):
        if n % 2:
            want(Result(r), "missing", "cert-issuer")
        else:
            want(Result(r), "found", "there")
    if len(late) > 3:  # another program may have had the processor
        raise WireError("the loop stood still: %s" % late)


@test("a thread of its own: the end answers what is under way")
def _(net):
    net.dns.rules["_masthead.daily.example"] = lambda *_: None
    net.web.rules[net.domain] = lambda c, _: time.sleep(5)
    lines = ["%d %s daily.example %s" % (n, ("dns", "https")[n % 2], TOKEN)
             for n in range(40)]
    before = time.time()
    results = [r for r in run(lines, *net.options(), "-T", "-q", "700")
               if not r.startswith("late")]
    if time.time() - before > 4:
        raise WireError("it took %.1f s" % (time.time() - before))
    if len(results) != 40:
        raise WireError(results)
    for r in results:
        want(Result(r), "unknown", "fault", "stopped")


# Nobody else


def contacts(given, *argv):
    """Runs it under strace; its output, and the addresses that it sent to."""
    with tempfile.NamedTemporaryFile("r") as trace:
        done = subprocess.run(
            ["strace", "-f", "-qq", "-o", trace.name, "-e",
             "trace=connect,sendto,sendmsg,sendmmsg", *argv],
            input=given.encode(), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=60, check=False,
            # Leaks cannot be looked for under a tracer.
            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        text = trace.read()
    if done.returncode != 0:
        raise WireError(done.stderr.decode()[-3000:])
    return done.stdout.decode(), {
        (address, int(port)) for port, address in re.findall(
            r"sin6?_port=htons\((\d+)\).*?"
            r"(?:inet_addr\(|inet_pton\(AF_INET6, )\"([^\"]*)\"", text)}


def can_trace():
    """Some containers forbid it."""
    return shutil.which("strace") is not None and subprocess.run(
        ["strace", "-o", os.devnull, "true"], stderr=subprocess.DEVNULL,
        check=False).returncode == 0


def traced(name):
    """As `test`, where it can be seen who is contacted."""
    if can_trace():
        return test(name)
    return lambda _: tap.skip(name, "strace cannot trace here")


def alone(net, method, outcome, why):
    """A check, which contacts exactly the servers that it has to."""
    out, reached = contacts(
        "1 %s %s %s\n" % (method, net.domain, TOKEN),
        BIN + "/wire/prover_tool", *net.options())
    lines = [line for line in out.split("\n")
             if line and not line.startswith("late")]
    want(Result(lines[0]), outcome, why)
    expected = {("127.0.0.1", net.dns.port)}
    if method == "https":
        expected.add(("127.0.0.1", net.web.port))
    if reached != expected:
        raise WireError("want %r contacted, got %r" % (expected, reached))
    names = {asked[0].to_text() for asked in net.dns.asked}
    return names - {"."}  # which tells whether the resolver works


@traced("dns: nobody is contacted but the resolver")
def _(net):
    for outcome, why in ("missing", "nxdomain"), ("found", "there"):
        names = alone(net, "dns", outcome, why)
        if names != {"_masthead.daily.example."}:
            raise WireError("asked about %r" % names)
        net.publish(TEXT)


@traced("https: nobody is contacted but the resolver and the domain's server")
def _(net):
    def elsewhere(connection, _):
        connection.sendall(response(status="302 Found", headers=[
            "Location: https://127.0.0.7:%d/x" % net.web.port]))
    net.serve(TEXT.encode())
    names = alone(net, "https", "found", "there")
    net.web.rules["daily.example"] = elsewhere
    names |= alone(net, "https", "missing", "redirect-host")
    if names != {"daily.example."}:
        raise WireError("asked about %r" % names)


@test("a trust anchor that is none is found at the start")
def _(net):
    with tempfile.NamedTemporaryFile("w") as f:
        f.write("signed.example. IN DNSKEY rubbish\n")
        f.flush()
        for anchor in f.name, f.name + ".none":
            try:
                run([], "-r", net.dns.address, "-a", anchor)
            except WireError as e:
                if "trust anchor " + anchor not in str(e):
                    raise
            else:
                raise WireError("it started with " + anchor)


@test("a resolver that is none is found at the start")
def _(net):
    del net
    for address in "localhost", "127.0.0.1:x", "1.2.3", "[::1", "":
        try:
            run([], "-r", address)
        except WireError as e:
            if "resolver" not in str(e):
                raise
        else:
            raise WireError("it started with %r" % address)


sys.exit(tap.done())
