#!/usr/bin/python3
"""Outside judges: our tokens, verified by jwcrypto and by PyJWT.

What token_tool issues must verify with both libraries, and with any one byte
changed with neither, nor with our own code.  Which genuine tokens count is
decided here from the JWK set by the rule of docs/PROTOCOL.md, "Badges",
written down a second time, in Python.
"""
import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile

import jwt
from jwcrypto import jwk, jws

TOOL = os.path.join(os.environ.get("MASTHEAD_BIN", "build/asan"),
                    "judges/token_tool")
DIGITS = ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
          "0123456789-_")
ROOM = "xmpp:newsroom@rooms.example.org"

count = 0
failed = 0


def ok(is_good, name, why=""):
    global count, failed
    count += 1
    failed += not is_good
    print(f"{'ok' if is_good else 'not ok'} {count} - {name}")
    if not is_good and why:
        print(f"# {why}")


def kid_of(token):
    """The key that the header names, or "" if it cannot be read."""
    try:
        head = token.split(".")[0]
        text = base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))
        return str(json.loads(text)["kid"])
    except (ValueError, KeyError, TypeError):
        return ""


def jwcrypto_claims(keys, token):
    """The claims, or None if jwcrypto does not verify the token."""
    try:
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


def pyjwt_claims(keys, token):
    """The claims, or None if PyJWT does not verify the token."""
    try:
        key = keys.get(jwt.get_unverified_header(token).get("kid"))
        if key is None:
            return None
        # Dates are compared with the message's time, not with today.
        return jwt.decode(token, key.key, algorithms=["EdDSA"], audience=ROOM,
                          options={"verify_exp": False})
    except (jwt.PyJWTError, ValueError, TypeError):
        return None


def counts(jwks, listed, token, claims):
    """Whether a genuine token counts: docs/PROTOCOL.md, "Badges"."""
    key = next(k for k in jwks["keys"] if k["kid"] == kid_of(token))
    if claims["iat"] < key["nbf"] or claims["iat"] > key.get("exp", 2**53):
        return False
    if "masthead_revoked" not in key:
        return True
    digest = hashlib.sha256(token.encode()).digest()[:16]
    ident = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return ident in listed


def changed(token):
    """The token with one byte changed, for every byte, in several ways.

    Of a signature's last digit only two bits mean anything.  Both libraries
    ignore the other four, so for that digit only changes of the two are put
    to them; token_verify refuses all (strays())."""
    for i, c in enumerate(token):
        if c == ".":
            others = "A~"
        else:
            at = DIGITS.index(c)
            others = [DIGITS[at ^ 32], DIGITS[at ^ 16], "~", "."]
            if i < len(token) - 1:
                others.append(DIGITS[at ^ 1])
        for other in others:
            yield token[:i] + other + token[i + 1:]


def strays(token):
    """The fifteen other spellings of the same signature."""
    at = DIGITS.index(token[-1])
    return [token[:-1] + DIGITS[at & 48 | low] for low in range(16)
            if (at & 48 | low) != at]


def ours(jwks_file, kid, tokens):
    """What token_verify says of each."""
    lines = "".join(f"{kid} {t}\n" for t in tokens)
    done = subprocess.run([TOOL, "verify", jwks_file], input=lines,
                          capture_output=True, text=True, check=True)
    return [line == "1" for line in done.stdout.split()]


def main():
    life = json.loads(subprocess.run([TOOL, "issue"], capture_output=True,
                                     text=True, check=True).stdout)
    jwks = life["jwks"]
    crypto_keys = jwk.JWKSet.from_json(json.dumps(jwks))
    pyjwt_keys = {k["kid"]: jwt.PyJWK(k) for k in jwks["keys"]}
    names = ["archived", "before_theft", "backdated", "current", "by_nick"]

    for key in jwks["keys"]:
        ok(jwk.JWK(**key).thumbprint() == key["kid"],
           "kid is jwcrypto's thumbprint")

    for name in names:
        first = jwcrypto_claims(crypto_keys, life[name])
        second = pyjwt_claims(pyjwt_keys, life[name])
        ok(first is not None, f"{name}: jwcrypto verifies")
        ok(second is not None and first == second,
           f"{name}: PyJWT verifies and reads the same")

    claims = pyjwt_claims(pyjwt_keys, life["by_nick"])
    ok(claims is not None and claims["nick"] == 'Dä"ily',
       "a nickname with quotes and umlauts comes through")

    # Two rotations later the first key's token still counts; under the
    # stolen key only what the issuer lists does, whatever its date.
    want = {"archived": True, "before_theft": True, "backdated": False,
            "current": True, "by_nick": True}
    for name in names:
        claims = jwcrypto_claims(crypto_keys, life[name])
        ok(claims is not None and
           counts(jwks, life["listed"], life[name], claims) == want[name],
           f"{name}: counts" if want[name] else f"{name}: does not count")

    with tempfile.NamedTemporaryFile("w", suffix=".json") as jwks_file:
        json.dump(jwks, jwks_file)
        jwks_file.flush()
        for name in ["current", "by_nick"]:
            token = life[name]
            bad = list(changed(token))
            passed = [t for t in bad if jwcrypto_claims(crypto_keys, t)]
            ok(not passed, f"{name}: jwcrypto refuses any byte changed",
               " ".join(passed[:3]))
            passed = [t for t in bad if pyjwt_claims(pyjwt_keys, t)]
            ok(not passed, f"{name}: PyJWT refuses any byte changed",
               " ".join(passed[:3]))
            kid = kid_of(token)
            said = ours(jwks_file.name, kid, [token] + bad + strays(token))
            ok(len(said) == len(bad) + 16 and said[0] and not any(said[1:]),
               f"{name}: token_verify refuses any byte changed "
               f"({len(said) - 1} ways)")
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
