"""What schemathesis checks beyond the schema: which answers Polar could give though its document is silent.

As a program it prints the tokens to call with: of the seeded organization, and of a customer who bought something.
"""

import functools
import json
import pathlib
import sys
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).parent
# What the framework and the token checks answer on any operation, documented there or not.
ANYWHERE = {400, 401, 403, 404, 405, 409, 410, 411, 413, 422}
# An answer has exactly the keys of one of Polar's shapes of error.
SHAPES = [{"error", "detail"}, {"detail"}, {"error", "error_description"}]


@functools.cache
def exceptions():
    """Operation and status of what is accepted; the rest of each line says why."""
    lines = (HERE.parent / "schemathesis-exceptions.txt").read_text().splitlines()
    entries = (line.split(maxsplit=2) for line in lines if line.strip() and not line.startswith("#"))
    return {(operation, int(status)) for operation, status, _why in entries}


def wrong(operation, status, documented, body):
    """What is wrong with an answer, or None."""
    if (operation, status) in exceptions():
        return None
    if status >= 500:
        return f"server error {status}: {body[:300]}"
    if status < 400:
        return None
    if status not in ANYWHERE and str(status) not in documented:
        return f"undocumented status {status}: {body[:300]}"
    return None if is_error(body) else f"undocumented shape of {status}: {body[:300]}"


def is_error(body):
    """The document names one error for each status, and leaves out those that any operation may give."""
    try:
        error = json.loads(body)
    except ValueError:
        return False
    if not isinstance(error, dict) or set(error) not in SHAPES:
        return False
    detail = error.get("detail", "")
    return isinstance(detail, str) or (isinstance(detail, list) and all(map(is_flaw, detail)))


def is_flaw(entry):
    return {"type", "loc", "msg", "input"} <= set(entry) <= {"type", "loc", "msg", "input", "ctx"}


def tokens(url):
    def call(path, body=None, token=None):
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(url + path, data, headers)) as answer:
            return json.load(answer)

    token = call("/sandbox/credentials")["access_token"]
    for product in call("/v1/products/?limit=100", token=token)["items"]:
        checkout = call("/v1/checkouts/", {"products": [product["id"]], "customer_email": "ada@example.com"}, token)
        buyer = {"customer_name": "Ada", "customer_billing_address": {"country": "AT"}}
        if checkout["is_payment_form_required"]:
            buyer["confirmation_token_id"] = "pm_card_visa"
        try:
            call(f"/v1/checkouts/client/{checkout['client_secret']}/confirm", buyer)
        except urllib.error.HTTPError:
            pass  # one subscription at a time: the first will do
    call("/sandbox/settle", {})
    customer = call("/v1/customers/?limit=1", token=token)["items"][0]
    session = call("/v1/customer-sessions/", {"customer_id": customer["id"]}, token)
    return {"url": url, "access_token": token, "session": session["token"]}


if __name__ == "__main__":
    print(json.dumps(tokens(json.loads(pathlib.Path(sys.argv[1]).read_text())["sandbox"])))
else:
    import schemathesis

    @schemathesis.check
    def polar_answers_so(ctx, response, case):
        definition = case.operation.definition.raw
        operation = definition.get("operationId", case.operation.label)
        problem = wrong(operation, response.status_code, definition["responses"], response.text)
        assert problem is None, problem
        if response.status_code < 400:
            case.operation.validate_response(response)
