"""A program that may be used offline: it fetches a lease of its licence while it can, and verifies it at
every start with nothing but the gateway's public keys.

    python3 lease.py fetch https://gateway.example ACME-1234 machine-7
    python3 lease.py check ACME-1234 machine-7

Needs `cryptography` (pip install cryptography). What is kept lies in the current folder.
"""

import base64
import hashlib
import json
import sys
import time
import urllib.request
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KEYS, LEASE, REVOKED, MARK = Path("keys.json"), Path("lease.jwt"), Path("revocations.jwt"), Path("mark.txt")
TOLERANCE = 300  # seconds this clock may be behind


def fetch(gateway, license_key, fingerprint):
    """Online: keep the public keys, a lease and the revocations. Ship the keys with the program if you can."""
    ask = json.dumps({"license_key": license_key, "fingerprint": fingerprint}).encode()
    request = urllib.request.Request(
        f"{gateway}/api/license/lease", ask, {"content-type": "application/json"}
    )
    given = json.load(urllib.request.urlopen(request, timeout=30))
    LEASE.write_text(given["lease"])
    KEYS.write_bytes(urllib.request.urlopen(f"{gateway}/api/license/keys", timeout=30).read())
    page = json.load(urllib.request.urlopen(f"{gateway}/api/license/revocations", timeout=30))
    REVOKED.write_text(page["revocations"])
    MARK.unlink(missing_ok=True)  # the gateway's clock is the later witness


def check(license_key, fingerprint, now=None):
    """Offline: the lease, or an error that says which check it did not pass."""
    now = time.time() if now is None else now
    keys = json.loads(KEYS.read_text())
    lease = opened(LEASE.read_text(), "polarkit-lease+jwt", keys)
    key = hashlib.sha256(f"polarkit-license-key:{license_key}".encode()).hexdigest()
    machine = hashlib.sha256(f"polarkit-machine:{key}:{fingerprint}".encode()).hexdigest()
    if lease["key"] != key:
        raise ValueError("it is of another licence key")
    if lease["machine"] != machine:
        raise ValueError("it was given to another machine")
    if REVOKED.exists():
        revoked = opened(REVOKED.read_text(), "polarkit-revocations+jwt", keys)["revoked"]
        if any(one["lease"] == lease["jti"] for one in revoked):
            raise ValueError("the licence ended before it did")
    latest = float(MARK.read_text()) if MARK.exists() else 0
    if now < latest - TOLERANCE:
        raise ValueError("the clock was turned back")
    if now < lease["nbf"] - TOLERANCE:
        raise ValueError("the clock is before the lease began")
    MARK.write_text(str(min(max(now, latest, lease["iat"]), lease["exp"])))
    if max(now, latest) >= lease["exp"]:
        raise ValueError("it is over: fetch a new one")
    return lease


def opened(token, kind, keys):
    """What one of the keys signed. Nothing of it is believed before that is clear."""
    text, _, signature = token.rpartition(".")
    header, _, claims = text.partition(".")
    header = json.loads(decoded(header))
    if header["alg"] != "EdDSA" or header["typ"] != kind:
        raise ValueError(f"this is not a {kind}")
    jwk = next((jwk for jwk in keys["keys"] if jwk["kid"] == header["kid"]), None)
    if jwk is None:
        raise ValueError("none of the keys signed it")
    try:
        public = Ed25519PublicKey.from_public_bytes(decoded(jwk["x"]))
        public.verify(decoded(signature), text.encode())
    except InvalidSignature:
        raise ValueError("the signature is not good") from None
    return json.loads(decoded(claims))


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "fetch":
        fetch(*rest)
    else:
        try:
            lease = check(*rest[:2], *map(float, rest[2:]))
        except ValueError as refused:
            sys.exit(f"not licensed: {refused}")
        print(json.dumps(lease["entitlements"]))
