"""Holds our webhook signatures against every other implementation: we sign and they verify, they sign and we verify.

`crosscheck.py ORACLE CORPUS FOLDER`: the example `webhook_oracle` as it was built, deliveries to sign anew, and the
folder with the packages that `.ci/conformance` installs. A package that is not there is a failure.
"""
import json
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
SECRETS = [
    "whsec_abcdefghijklmnopqrstuvwxyzABCDEFGHIJK4WQsSZ",  # as Polar makes them
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",  # as Standard Webhooks has them
    "00000000000040008000000000000001",  # of Polar's `listen`
]
# Which key each package makes of a secret. What is not listed it must refuse.
PACKAGES = {
    "PyPI standardwebhooks": {"decoded"},
    "PyPI polar-sdk 0.32.0": {"whole"},
    "PyPI polar-sdk 1.0.2": {"whole", "decoded"},
    "npm standardwebhooks": {"decoded"},
    "npm @polar-sh/sdk 0.49.0": {"whole"},
    "npm @polar-sh/sdk 1.0.1": {"whole", "decoded"},
}


class Process:
    def __init__(self, *command, **environment):
        self.pipe = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
        )

    def ask(self, **question):
        self.pipe.stdin.write(json.dumps(question) + "\n")
        self.pipe.stdin.flush()
        line = self.pipe.stdout.readline()
        assert line, f"{self.pipe.args} died"
        return json.loads(line)


def processes(folder):
    python, others = folder / "venv/bin/python", HERE / "others.py"
    script = HERE / "others.mjs"
    return {
        "PyPI standardwebhooks": Process(python, others, "standardwebhooks"),
        "PyPI polar-sdk 0.32.0": Process(python, others, "polar-sdk-0"),
        "PyPI polar-sdk 1.0.2": Process(python, others, "polar-sdk-1", PYTHONPATH=str(folder / "polar-sdk-1")),
        "npm standardwebhooks": Process("node", script, folder / "node", "standardwebhooks"),
        "npm @polar-sh/sdk 0.49.0": Process("node", script, folder / "node", "polar-sdk"),
        "npm @polar-sh/sdk 1.0.1": Process("node", script, folder / "node-1", "polar-sdk"),
    }


def spoilt(headers, body, secret):
    """The same delivery with one thing changed, each of which nobody may accept."""
    yield "body", headers, body + " ", secret
    yield "id", {**headers, "webhook-id": "msg_2"}, body, secret
    later = str(int(headers["webhook-timestamp"]) + 1)
    yield "time", {**headers, "webhook-timestamp": later}, body, secret
    turned = headers["webhook-signature"]
    turned = turned[:-2] + ("A" if turned[-2] != "A" else "E") + "="
    yield "signature", {**headers, "webhook-signature": turned}, body, secret
    yield "secret", headers, body, secret[:-4] + "AAAA"


class Tally:
    def __init__(self):
        self.wrong, self.accepted, self.refused, self.unread = [], 0, 0, {}

    def hold(self, what, expected, answer):
        accepted = answer["accepted"] if "accepted" in answer else "refused" not in answer
        if accepted:
            self.accepted += 1
        else:
            self.refused += 1
        if accepted != expected:
            self.wrong.append(f"{what}: {answer}")


def we_sign(ours, package, process, deliveries, tally):
    for secret in SECRETS:
        for scheme in ("whole", "decoded"):
            for delivery in deliveries:
                now = int(time.time())
                sign = {"secret": secret, "scheme": scheme, "id": "msg_1", "timestamp": now, "body": delivery["body"]}
                signature = ours.ask(sign=sign)["signature"]
                headers = {"webhook-id": "msg_1", "webhook-timestamp": str(now), "webhook-signature": signature}
                what = f"{package}, {delivery['type']} signed by us, {scheme} {secret}"
                question = {"secret": secret, "headers": headers, "body": delivery["body"]}
                answer = process.ask(verify=question)
                tally.hold(what, scheme in PACKAGES[package], answer)
                if "unread" in answer:
                    tally.unread.setdefault(package, set()).add(delivery["type"])
            for changed, *question in spoilt(headers, delivery["body"], secret):
                question = dict(zip(("headers", "body", "secret"), question))
                tally.hold(f"{what}, {changed} changed", False, process.ask(verify=question))


def they_sign(ours, package, process, deliveries, tally):
    """Polar's own packages only verify; those of Standard Webhooks sign, with the decoded key."""
    for secret in SECRETS:
        for delivery in deliveries:
            now = int(time.time())
            body = delivery["body"]
            signature = process.ask(sign={"secret": secret, "id": "msg_1", "timestamp": now, "body": body})["signature"]
            headers = {"WEBHOOK-ID": "msg_1", "WEBHOOK-TIMESTAMP": str(now), "WEBHOOK-SIGNATURE": signature}
            what = f"{delivery['type']} signed by {package}, {secret}"
            question = {"secrets": ["whsec_other", secret], "headers": headers, "body": body, "now": now}
            answer = ours.ask(verify=question)
            tally.hold(what, True, answer)
            if answer.get("scheme") != "decoded" or answer.get("secret") != 1 or answer.get("problem"):
                tally.wrong.append(f"{what}: {answer}")
            for away in (-301, 301):
                tally.hold(f"{what}, {away} s away", False, ours.ask(verify={**question, "now": now + away}))
        lower = {name.lower(): value for name, value in headers.items()}
        for changed, *spoiled in spoilt(lower, body, secret):
            spoiled = {"headers": spoiled[0], "body": spoiled[1], "secrets": [spoiled[2]], "now": now}
            tally.hold(f"{what}, {changed} changed", False, ours.ask(verify=spoiled))


def main():
    oracle, corpus, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]).resolve()
    deliveries = json.loads(corpus.read_text(encoding="utf-8"))
    ours = Process(oracle)
    wrong = []
    for package, process in processes(folder).items():
        tally = Tally()
        we_sign(ours, package, process, deliveries, tally)
        if "standardwebhooks" in package:
            they_sign(ours, package, process, deliveries, tally)
        process.pipe.stdin.close()
        unread = tally.unread.get(package)
        note = f"; {len(unread)} of {len(deliveries)} types it could not read" if unread else ""
        print(f"{package}: key {' and '.join(sorted(PACKAGES[package]))}: {tally.accepted} accepted, {tally.refused} refused{note}")
        wrong += tally.wrong
    for line in wrong[:20]:
        print("WRONG", line, file=sys.stderr)
    sys.exit(1 if wrong else 0)


main()
