// The API as a browser meets it: JSON in, JSON out, refusals with their fields.

const ANSWER_WITHIN_MS = 20_000;
let ahead = 0; // the server's clock minus ours; a sandbox's clock may stand a year from now

/** The server's present moment. */
export const now = () => new Date(Date.now() + ahead);

/** The server said no. */
export class Refused extends Error {
  constructor(status, body, retryAfter) {
    super(sentence(status, body, retryAfter));
    this.status = status;
    this.kind = typeof body?.error === "string" ? body.error : "";
    this.flaws = Array.isArray(body?.detail) ? body.detail : [];
  }
}

/** No answer came, so nobody knows what happened. */
export class Unreachable extends Error {
  constructor(cause) {
    super("The server cannot be reached. Check the connection and try again.", { cause });
  }
}

/** One call. `token` is a customer session's. */
export async function call(method, path, { body, token } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await reach(path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  const { response, text } = answer;
  const date = Date.parse(response.headers.get("date") ?? "");
  if (!Number.isNaN(date)) ahead = date - Date.now();
  const json = parse(text);
  if (!response.ok) throw new Refused(response.status, json, response.headers.get("retry-after"));
  return json;
}

async function reach(path, request) {
  try {
    const response = await fetch(path, request);
    return { response, text: await response.text() };
  } catch (cause) {
    throw new Unreachable(cause);
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // an empty 204 or 429, or a proxy's page
  }
}

function sentence(status, body, retryAfter) {
  if (status === 429) {
    return retryAfter ? `Too many attempts. Try again in ${retryAfter} seconds.` : "Too many attempts. Try again in a minute.";
  }
  if (typeof body?.detail === "string") return body.detail;
  if (Array.isArray(body?.detail) && body.detail.length > 0) return body.detail.map((flaw) => plain(flaw.msg)).join(" ");
  return body?.error_description ?? `The server answered ${status}.`;
}

/** A validation message without the framework's preamble. */
export function plain(message) {
  const text = String(message ?? "Not valid.").replace(/^(Value error, |value is not a valid email address: )/, "");
  return text === "Field required" ? "This is needed." : text;
}
