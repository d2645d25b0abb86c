#!/usr/bin/python3
"""Outside judges on a live deployment: a client that is not ours (slixmpp)
in a room of a real server reads the hat and the badge of a post, looks the
token up by its ID, fetches the keys, and has the token verified by jwcrypto
and PyJWT.  Then keys are rotated, one is stolen and revoked, and a token
that the thief dates back must not count.
"""

import asyncio
import base64
import glob
import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time

import jwt
import slixmpp
from jwcrypto import jwk, jws
from slixmpp.xmlstream import ET

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
SERVERS = os.path.join(ROOT, "xmpp-tests/servers")
COMPONENT = "masthead.localhost"
ROOM = "newsroom@rooms.localhost"
BADGE = "{urn:masthead:badge:0}badge"
HAT = "{urn:xmpp:hats:0}hat"
OCCUPANT = "{urn:xmpp:occupant-id:0}occupant-id"
KEYS_FORM = "urn:masthead:keys:0"

count = 0
failed = 0


def ok(is_good, name, why=""):
    global count, failed
    count += 1
    failed += not is_good
    print("%s %d - %s" % ("ok" if is_good else "not ok", count, name))
    if not is_good and why:
        print("# %s" % (why,))
    sys.stdout.flush()


class Deployment:
    """A private server with Masthead, by the script that makes them."""

    def __init__(self, port, *options):
        self.dir = tempfile.mkdtemp(prefix="masthead-judge-")
        subprocess.run([SERVERS + "/up", "prosody", self.dir, str(port),
                        *options], check=True, stdout=sys.stderr)
        env = subprocess.run(
            ["sh", "-c", '. "$1/env" && printf "%s\n" "$C2S_PORT" "$CTL"',
             "sh", self.dir], check=True, capture_output=True, text=True)
        port, self.ctl_call = env.stdout.splitlines()
        self.c2s_port = int(port)

    def ctl(self, *args):
        done = subprocess.run(shlex.split(self.ctl_call) + ["--json", *args],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError("mastheadctl %s: %s" % (args, done.stderr))
        return json.loads(done.stdout)

    def private_key(self, kid):
        """As a thief of the folder would have it."""
        for path in glob.glob(self.dir + "/keys/**", recursive=True):
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    data = f.read()
                if b"PRIVATE KEY" not in data:
                    continue
                key = jwk.JWK.from_pem(data)
                if key.thumbprint() == kid:
                    return key
        raise RuntimeError("no private key %s" % kid)

    def close(self):
        subprocess.run([SERVERS + "/down", self.dir], check=False)
        subprocess.run(["rm", "-rf", self.dir], check=False)


class Client(slixmpp.ClientXMPP):
    """In the room; keeps presences and messages as they came."""

    def __init__(self, user, port):
        super().__init__(user + "@localhost/judge", "secret")
        for plugin in ("xep_0030", "xep_0004"):
            self.register_plugin(plugin)
        self.plugin["feature_mechanisms"].unencrypted_plain = True
        self.presences, self.messages = [], []
        self.started = asyncio.Event()
        self.add_event_handler("session_start", self.on_start)
        self.add_event_handler("presence", self.presences.append)
        self.add_event_handler("message", self.messages.append)
        self.connect(("127.0.0.1", port), force_starttls=False,
                     disable_starttls=True)

    async def on_start(self, _):
        self.send_presence(ppriority=-1)
        self.started.set()

    def join(self, nick):
        presence = self.make_presence(pto=ROOM + "/" + nick)
        presence.append(ET.Element("{http://jabber.org/protocol/muc}x"))
        presence.send()

    def say(self, text):
        self.make_message(mto=ROOM, mbody=text, mtype="groupchat").send()

    async def lookup(self, ident):
        """The token by its ID; None if Masthead does not know it."""
        iq = self.make_iq_get(ito=COMPONENT)
        iq.append(ET.Element(BADGE, {"id": ident}))
        try:
            reply = await iq.send(timeout=10)
        except slixmpp.exceptions.IqError as e:
            if e.condition != "item-not-found":
                raise
            return None
        return reply.xml.find(BADGE).text

    async def jwks(self):
        """As slixmpp reads the form in disco#info."""
        info = await self.plugin["xep_0030"].get_info(jid=COMPONENT,
                                                      timeout=10)
        for x in info.xml.iter("{jabber:x:data}x"):
            form = self.plugin["xep_0004"].stanza.Form(x)
            values = form.get_values()
            kind = values.get("FORM_TYPE")
            if KEYS_FORM in (kind, (kind or [""])[0]):
                return json.loads(values["jwks"])
        raise RuntimeError("no form with keys")


async def until(find, what, timeout=15):
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        found = find()
        if found is not None:
            return found
        await asyncio.sleep(0.05)
    raise RuntimeError("no %s in time" % what)


def hat_in(client, nick):
    """(badge, occupant-id) of the last presence of an occupant."""
    for p in reversed(client.presences):
        if p["from"] == slixmpp.JID(ROOM + "/" + nick):
            badge = p.xml.find(".//%s/%s" % (HAT, BADGE))
            occupant = p.xml.find(OCCUPANT)
            if badge is not None and occupant is not None:
                return badge, occupant.get("id")
    return None


def badge_in(client, body):
    for m in client.messages:
        if m["body"] == body:
            return m.xml.find(BADGE)
    return None


def ident_of(token):
    digest = hashlib.sha256(token.encode()).digest()[:16]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def jwcrypto_claims(jwks, token):
    """The claims, or None if jwcrypto does not verify the token."""
    try:
        keys = jwk.JWKSet.from_json(json.dumps(jwks))
        signed = jws.JWS()
        signed.allowed_algs = ["EdDSA"]
        signed.deserialize(token)
        key = keys.get_key(signed.jose_header["kid"])
        if key is None:
            return None
        signed.verify(key)
        return json.loads(signed.payload)
    except (jws.InvalidJWSSignature, jws.InvalidJWSObject, ValueError,
            KeyError, TypeError):
        return None


def pyjwt_claims(jwks, token):
    """The claims; PyJWT also judges audience and dates."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        keys = {k["kid"]: jwt.PyJWK(k) for k in jwks["keys"]}
        return jwt.decode(token, keys[kid].key, algorithms=["EdDSA"],
                          audience="xmpp:" + ROOM, issuer=COMPONENT)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None


def both(jwks, token):
    """What both judges say, if they agree."""
    first, second = jwcrypto_claims(jwks, token), pyjwt_claims(jwks, token)
    return first if first == second else None


async def counts(client, jwks, token):
    """A genuine token counts within its key's life; under a revoked key, only
    if it is listed (docs/PROTOCOL.md, "Badges")."""
    claims = both(jwks, token)
    if claims is None:
        return False
    kid = jwt.get_unverified_header(token)["kid"]
    key = next(k for k in jwks["keys"] if k["kid"] == kid)
    if not key["nbf"] <= claims["iat"] <= key.get("exp", 2**53):
        return False
    if "masthead_revoked" not in key:
        return True
    return await client.lookup(ident_of(token)) == token


def changed(token):
    """One character changed, each in turn; of the last of a signature only
    two bits mean anything, so that one is changed in those."""
    digits = ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
              "0123456789-_")
    for i, c in enumerate(token):
        other = "A" if c == "." else digits[digits.index(c) ^ 32]
        yield token[:i] + other + token[i + 1:]


def forged(key, kid, claims, ago_s):
    """What a thief signs, dated back."""
    now = int(time.time())
    claims = dict(claims, sub="xmpp:mallory@localhost", iat=now - ago_s,
                  exp=now - ago_s + 86400)
    header = {"alg": "EdDSA", "typ": "masthead-badge+jwt", "kid": kid}
    signed = jws.JWS(json.dumps(claims))
    signed.add_signature(key, alg="EdDSA", protected=json.dumps(header))
    return signed.serialize(compact=True)


async def said(client, daily, text):
    daily.say(text)
    return await until(lambda: badge_in(client, text), "badge of a post")


async def judge(deployment, alice, daily):
    alice.join("Alice")
    daily.join("Daily")
    hat, occupant = await until(lambda: hat_in(alice, "Daily"), "hat")
    token = hat.text
    ok(hat.get("id") == ident_of(token) and hat.get("by") == COMPONENT,
       "the hat's badge has the ID of its token")
    badge = await said(alice, daily, "the first")
    ok(badge.get("id") == hat.get("id") and not badge.text,
       "a post refers to the badge in the hat")
    ok(await alice.lookup(badge.get("id")) == token,
       "the token is found by its ID")

    jwks = await alice.jwks()
    claims = both(jwks, token)
    ok(claims is not None, "jwcrypto and PyJWT verify it and agree")
    claims = claims or {}
    ok(claims.get("aud") == "xmpp:" + ROOM, "aud is the room", claims)
    ok(claims.get("occ") == occupant and "nick" not in claims,
       "occ is the occupant-id that the room shows", claims)
    ok(claims.get("sub") == "xmpp:daily@localhost" and
       claims.get("name") == "Daily Example" and
       claims.get("cat") == ["news"], "it names the publisher", claims)
    ok(time.time() < claims.get("exp", 0) <= claims.get("iat", 0) + 86400,
       "exp is at most a day away", claims)
    ok(all(set(k) >= {"kid", "x", "crv", "kty"} and "d" not in k and
           jwk.JWK(**{n: k[n] for n in ("kty", "crv", "x")}).thumbprint() ==
           k["kid"] for k in jwks["keys"]),
       "kids are thumbprints, and no private key is shown", jwks)
    bad = [t for t in changed(token)
           if jwcrypto_claims(jwks, t) or pyjwt_claims(jwks, t)]
    ok(not bad, "with any byte changed it fails", bad[:2])
    ok(await alice.lookup("A" * 22) is None, "an unknown ID is not found")
    await judge_rotation(deployment, alice, daily, token)


async def judge_rotation(deployment, alice, daily, archived):
    first_kid = jwt.get_unverified_header(archived)["kid"]
    stolen = deployment.private_key(first_kid)
    stolen_claims = jwt.decode(archived, options={"verify_signature": False})
    for _ in range(2):
        deployment.ctl("key", "rotate")
    jwks = await alice.jwks()
    ok(len(jwks["keys"]) == 3, "two rotations later there are three keys")
    ok(await counts(alice, jwks, archived),
       "an archived token still counts")
    badge = await said(alice, daily, "the second")
    fresh = await alice.lookup(badge.get("id"))
    ok(fresh is not None and await counts(alice, jwks, fresh) and
       jwt.get_unverified_header(fresh)["kid"] in
       [k["kid"] for k in jwks["keys"]], "a post after that counts")

    fake = forged(stolen, first_kid, stolen_claims,
                  int(time.time()) - stolen_claims["iat"])
    ok(both(jwks, fake) is not None and await counts(alice, jwks, fake),
       "what a thief signs counts before anybody knows of the theft")
    # Stolen a second after the archived token was issued.
    since = stolen_claims["iat"] + 1
    await asyncio.sleep(max(0, since + 1 - time.time()))
    deployment.ctl("key", "revoke", first_kid, "--since", str(since),
                   "--reason", "stolen")
    jwks = await alice.jwks()
    key = next(k for k in jwks["keys"] if k["kid"] == first_kid)
    ok("masthead_revoked" in key, "the key is shown as revoked", key)
    ok(both(jwks, fake) is not None and
       await alice.lookup(ident_of(fake)) is None,
       "it still verifies, but is not listed")
    ok(not await counts(alice, jwks, fake),
       "backdated under the revoked key, it does not count")
    ok(await counts(alice, jwks, archived),
       "what was issued under that key before still does")
    older = forged(stolen, first_kid, stolen_claims, 3600)
    ok(not await counts(alice, jwks, older),
       "nor does one from before there was the key")


async def run(deployment):
    alice = Client("alice", deployment.c2s_port)
    daily = Client("daily", deployment.c2s_port)
    await asyncio.wait_for(asyncio.gather(alice.started.wait(),
                                          daily.started.wait()), 20)
    await judge(deployment, alice, daily)
    for client in (alice, daily):
        client.disconnect(wait=0.1)


def hear(deploy, run_all):
    """Has all heard on a deployment of its own; prints the plan."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    deployment = deploy()
    try:
        loop.run_until_complete(run_all(deployment))
    except Exception as e:  # whatever it is: no judgement
        ok(False, "all is heard", "%s: %s" % (type(e).__name__, e))
    finally:
        deployment.close()
    print("1..%d" % count)
    return 1 if failed else 0


def main():
    port = os.environ.get("PORT_BASE") or subprocess.run(
        [SERVERS + "/free-ports", "15470"], check=True, capture_output=True,
        text=True).stdout.strip()
    return hear(lambda: Deployment(int(port)), run)


if __name__ == "__main__":
    sys.exit(main())
