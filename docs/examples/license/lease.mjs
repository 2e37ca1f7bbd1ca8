// A program that may be used offline: it fetches a lease of its licence while it can, and verifies it at
// every start with nothing but the gateway's public keys. Needs nothing besides Node 20.
//
//     node lease.mjs fetch https://gateway.example ACME-1234 machine-7
//     node lease.mjs check ACME-1234 machine-7
//
// What is kept lies in the current folder.

import { createHash, createPublicKey, verify } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const KEYS = "keys.json", LEASE = "lease.jwt", REVOKED = "revocations.jwt", MARK = "mark.txt";
const TOLERANCE = 300; // seconds this clock may be behind

// Online: keep the public keys, a lease and the revocations. Ship the keys with the program if you can.
async function fetchLease(gateway, licenseKey, fingerprint) {
  const ask = JSON.stringify({ license_key: licenseKey, fingerprint });
  const headers = { "content-type": "application/json" };
  const given = await answered(`${gateway}/api/license/lease`, { method: "POST", headers, body: ask });
  writeFileSync(LEASE, given.lease);
  writeFileSync(KEYS, JSON.stringify(await answered(`${gateway}/api/license/keys`)));
  const page = await answered(`${gateway}/api/license/revocations`);
  writeFileSync(REVOKED, page.revocations);
  rmSync(MARK, { force: true }); // the gateway's clock is the later witness
}

async function answered(url, options = {}) {
  const response = await fetch(url, { ...options, signal: AbortSignal.timeout(30_000) });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

// Offline: the lease, or an error that says which check it did not pass.
function check(licenseKey, fingerprint, now = Date.now() / 1000) {
  const { keys } = JSON.parse(readFileSync(KEYS, "utf8"));
  const lease = opened(readFileSync(LEASE, "utf8"), "polarkit-lease+jwt", keys);
  const key = sha256(`polarkit-license-key:${licenseKey}`);
  if (lease.key !== key) throw new Error("it is of another licence key");
  if (lease.machine !== sha256(`polarkit-machine:${key}:${fingerprint}`)) {
    throw new Error("it was given to another machine");
  }
  if (existsSync(REVOKED)) {
    const { revoked } = opened(readFileSync(REVOKED, "utf8"), "polarkit-revocations+jwt", keys);
    if (revoked.some((one) => one.lease === lease.jti)) throw new Error("the licence ended before it did");
  }
  const latest = existsSync(MARK) ? Number(readFileSync(MARK, "utf8")) : 0;
  if (!(now >= latest - TOLERANCE)) throw new Error("the clock was turned back");
  if (now < lease.nbf - TOLERANCE) throw new Error("the clock is before the lease began");
  writeFileSync(MARK, String(Math.min(Math.max(now, latest, lease.iat), lease.exp)));
  if (Math.max(now, latest) >= lease.exp) throw new Error("it is over: fetch a new one");
  return lease;
}

// What one of the keys signed. Nothing of it is believed before that is clear.
function opened(token, kind, keys) {
  const [header, claims, signature] = token.split(".");
  const { alg, typ, kid } = JSON.parse(Buffer.from(header, "base64url"));
  if (alg !== "EdDSA" || typ !== kind) throw new Error(`this is not a ${kind}`);
  const jwk = keys.find((jwk) => jwk.kid === kid);
  if (!jwk) throw new Error("none of the keys signed it");
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const text = Buffer.from(`${header}.${claims}`);
  if (!verify(null, text, key, Buffer.from(signature, "base64url"))) {
    throw new Error("the signature is not good");
  }
  return JSON.parse(Buffer.from(claims, "base64url"));
}

function sha256(text) {
  return createHash("sha256").update(text).digest("hex");
}

const [command, ...rest] = process.argv.slice(2);
try {
  if (command === "fetch") {
    await fetchLease(...rest);
  } else {
    const now = rest[2] === undefined ? undefined : Number(rest[2]);
    console.log(JSON.stringify(check(rest[0], rest[1], now).entitlements));
  }
} catch (refused) {
  console.error(`not licensed: ${refused.message}`);
  process.exit(1);
}
