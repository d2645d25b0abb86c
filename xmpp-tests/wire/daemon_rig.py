"""The real masthead against a server of ours: for tests on the wire.

    with Daemon() as d:
        d.ctl("publisher", "add", "daily@example.org", "--name", "Daily")
        peer = d.peer()                 # the stream, again if it went down
        peer.send(b"<iq ...>")          # see component_server.py

The server's side speaks bytes; nothing of Masthead is used but the two
programs and the control socket's JSON.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from component_server import ComponentServer, WireError

DOMAIN = "masthead.example.org"
ROOMS = "rooms.example.org"
BIN = os.environ.get("MASTHEAD_BIN", "build/asan")
GUARD = "xmlns='urn:masthead:guard:0'"

CONFIG = """
operator: {name: "Example e.V.", country: DE, register: "VR 1234",
           contact: "mailto:contact@example.org"}
component: {domain: %(domain)s, server: "127.0.0.1:%(port)d",
            secret_file: "%(dir)s/secret"}
guards: [%(guards)s]
store: "sqlite:%(dir)s/register.db"
keys: "%(dir)s/keys"
control: "%(dir)s/sock"
categories:
  news: {title: News, hat: "✓ {name} (news)", hue: 210, valid_for: 365d,
         agreement: "%(dir)s/agreements"}
places:
%(places)s
"""
PLACES = """\
  - {room: newsroom@rooms.example.org, publish: [news], reprint: [news]}
  - {room: plaza@rooms.example.net, publish: [news]}
"""


class Daemon:
    """A masthead in a folder of its own, on a port that was free."""

    def __init__(self, guards=(ROOMS, "rooms.example.net"), places=PLACES,
                 wrapper=(), timeout=20.0):
        self.dir = tempfile.mkdtemp(prefix="masthead-")
        self.server = ComponentServer(port=0, secret="secret")
        self.timeout = timeout
        self.process = self._peer = None
        self.wrapper = list(wrapper)
        self._write("secret", "secret\n")
        os.mkdir(self.dir + "/agreements")
        self._write("agreements/1.en.txt", "What is here is authentic.\n")
        self.guards = guards
        self.configure(places)

    def configure(self, places):
        """Writes the configuration; `reload` makes a running one read it."""
        self._write("masthead.yaml", CONFIG % {
            "domain": DOMAIN, "port": self.server.port, "dir": self.dir,
            "guards": ", ".join(self.guards), "places": places})

    def _write(self, name, text):
        with open(os.open(os.path.join(self.dir, name), os.O_CREAT |
                          os.O_WRONLY | os.O_TRUNC, 0o600), "w",
                  encoding="utf-8") as f:
            f.write(text)

    def __enter__(self):
        self.log = open(self.dir + "/log", "ab")
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        env = dict(os.environ)
        # What was freed is used again soon: the memory that is measured is
        # the program's, not the sanitizer's.
        env["ASAN_OPTIONS"] = "quarantine_size_mb=1:" + env.get(
            "ASAN_OPTIONS", "detect_leaks=1")
        self.process = subprocess.Popen(
            self.wrapper + [BIN + "/masthead", "-c",
                            self.dir + "/masthead.yaml"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env=env)
        self.peer()

    def restart(self):
        """Another process on the same register; its backoff starts over."""
        status = self.stop()
        if status != 0:
            raise WireError("it ended with %d" % status)
        self.start()

    def __exit__(self, *_):
        if self.process is not None:
            self.stop()
        self.log.close()
        self.server.close()
        shutil.rmtree(self.dir)

    def stop(self):
        """An orderly end; the exit status."""
        if self._peer is not None:
            self._peer.close()  # nothing to wait for
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(self.timeout + 10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def log_text(self):
        self.log.flush()
        with open(self.dir + "/log", encoding="utf-8", errors="replace") as f:
            return f.read()

    def must_end_well(self):
        """Stops it; an error if it ended otherwise, or a sanitizer spoke."""
        status, text = self.stop(), self.log_text()
        if status != 0 or "Sanitizer" in text or "runtime error" in text:
            raise WireError("exit status %d:\n%s" % (
                status, re.sub("^", "# ", text, flags=re.M)))

    def peer(self, timeout=None):
        """The stream as it is, or the next one if that one ended."""
        if self._peer is None or self._peer.is_eof:
            self._peer = self.server.accept(timeout or self.timeout)
        return self._peer

    def next_raw(self):
        """Ends the stream; the next one, on which nothing has been said."""
        self.peer().close()
        return self.server.accept_raw(self.timeout)

    def ctl(self, *args, status=(0,)):
        """What mastheadctl answers."""
        done = subprocess.run(
            [BIN + "/mastheadctl", "--json", "-s", self.dir + "/sock", *args],
            capture_output=True, text=True, check=False)
        if done.returncode not in status:
            raise WireError("mastheadctl %s: %d: %s%s" % (
                " ".join(args), done.returncode, done.stdout, done.stderr))
        return json.loads(done.stdout)

    def approve(self, jid, name):
        self.ctl("publisher", "add", jid, "--name", name)
        self.ctl("publisher", "approve", jid, "--category", "news",
                 "--reason", "known for years")

    def costs(self):
        """What the stream has cost so far; see mastheadctl(8)."""
        return self.ctl("status", status=(0, 3))["stream"]

    def rss_kib(self):
        with open("/proc/%d/status" % self.process.pid, encoding="ascii") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))

    def attach(self, host=ROOMS):
        """As a guard does; the whole answer."""
        peer = self.peer()
        peer.send("<iq type='get' id='attach' from='%s' to='%s'>"
                  "<attach %s server='Test 1'/></iq>" % (host, DOMAIN, GUARD))
        return peer.expect("id='attach'").decode()


def check_iq(items, ident, host=ROOMS):
    return ("<iq type='set' id='%s' from='%s' to='%s'><check %s>%s</check>"
            "</iq>" % (ident, host, DOMAIN, GUARD, items))


def item(n=1, **attrs):
    """An item of a check; attributes override what is usual."""
    base = {"kind": "message", "place": "1", "room": "newsroom",
            "actor": "daily@example.org/desk", "nick": "Daily Example",
            "occupant": "dd72603deec90a38ba552f7c68cbcc61bca202cd"}
    inside = attrs.pop("inside", "")
    base.update(attrs)
    return "<item n='%s'%s>%s</item>" % (n, "".join(
        " %s='%s'" % (k, v) for k, v in base.items() if v is not None), inside)


def fresh_id(prefix):
    return "%s-%d" % (prefix, time.monotonic_ns())
