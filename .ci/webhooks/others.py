"""Other implementations in Python: one JSON question per line in, one answer per line out.

`others.py standardwebhooks|polar-sdk-0|polar-sdk-1`; the newest needs its folder on PYTHONPATH.
A question is `{"sign": {secret, id, timestamp, body}}` or `{"verify": {secret, headers, body}}`.
"""
import datetime
import json
import sys


def standardwebhooks():
    from standardwebhooks.webhooks import Webhook, WebhookVerificationError

    def sign(secret, id, timestamp, body):
        at = datetime.datetime.fromtimestamp(timestamp, tz=datetime.timezone.utc)
        return Webhook(secret).sign(id, at, body)

    def verify(secret, headers, body):
        Webhook(secret).verify(body, headers)

    return sign, verify, WebhookVerificationError


def polar_sdk_0():
    from polar_sdk.webhooks import WebhookUnknownTypeError, WebhookVerificationError, validate_event

    def verify(secret, headers, body):
        try:
            return type(validate_event(body.encode(), headers, secret)).__name__
        except WebhookUnknownTypeError:
            return "a type it does not know"

    return None, verify, WebhookVerificationError


def polar_sdk_1():
    from polar.v2026_10.webhooks import PolarWebhookUnknownTypeError, PolarWebhookVerificationError, validate_event

    def verify(secret, headers, body):
        try:
            return type(validate_event(body.encode(), headers, secret)).__name__
        except PolarWebhookUnknownTypeError:
            return "a type it does not know"

    return None, verify, PolarWebhookVerificationError


def main():
    sign, verify, unverified = {
        "standardwebhooks": standardwebhooks,
        "polar-sdk-0": polar_sdk_0,
        "polar-sdk-1": polar_sdk_1,
    }[sys.argv[1]]()
    for line in sys.stdin:
        question = json.loads(line)
        if "sign" in question:
            answer = {"signature": sign(**question["sign"])}
        else:
            try:
                answer = {"accepted": True, "read": verify(**question["verify"])}
            except unverified as error:
                answer = {"accepted": False, "why": str(error)}
            except Exception as error:  # verified, and then not understood
                answer = {"accepted": True, "unread": type(error).__name__}
        print(json.dumps(answer), flush=True)


main()
