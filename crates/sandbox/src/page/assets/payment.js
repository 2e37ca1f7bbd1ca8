// From the press on Pay to the seller's page. What the server says counts, never what the page hopes.

import { Refused, Unreachable } from "./api.js";
import { challenge } from "./challenge.js";
import { wait, webAddress } from "./dom.js";
import { embedded, stay, tell } from "./embed.js";
import { recall, remember } from "./memory.js";
import { Sale } from "./sale.js";

/** How long a buyer waits for the sale before the page says so; Polar's hosted page waits as long. */
const PATIENCE_MS = 15_000;
const POLL_MS = [200, 300, 500, 800, 1000];

/** Confirms, with an eye on what becomes of it. A lost answer is not a lost payment: the session is read again before anyone is told of a failure. */
export async function confirm(session, fields) {
  await watch(session);
  try {
    const confirmed = await session.confirm(fields);
    keep(confirmed.client_secret, confirmed.customer_session_token);
    return confirmed;
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    const checkout = await session.load();
    if (checkout.status === "open") throw error;
    return checkout;
  }
}

let sale = null;

async function watch(session) {
  if (!awaitsSeller(session.current)) return;
  sale ??= new Sale(session.current.client_secret);
  await sale.ready;
}

/** Follows a confirmed session: "succeeded", "open" (the payment failed), or "slow". */
export async function follow(session) {
  tell("confirmed");
  await watch(session);
  let asked = null;
  let deadline = Date.now() + PATIENCE_MS;
  for (let turn = 0; Date.now() < deadline; turn += 1) {
    const checkout = await read(session);
    if (checkout?.status === "succeeded" && awaitsSeller(checkout)) return (await sale.isKnown(deadline)) ? "succeeded" : "slow";
    if (checkout && checkout.status !== "confirmed") return checkout.status;
    const intent = checkout?.payment_processor_metadata ?? {};
    if (intent.intent_status === "requires_action" && asked !== intent.intent_client_secret) {
      await challenge(checkout);
      asked = intent.intent_client_secret;
      deadline = Date.now() + PATIENCE_MS;
      turn = 0;
    }
    await wait(POLL_MS[Math.min(turn, POLL_MS.length - 1)]);
  }
  return "slow";
}

async function read(session) {
  try {
    return await session.load();
  } catch (error) {
    if (error instanceof Refused && error.status < 500 && error.status !== 429) throw error;
    return null; // a hiccup while the sale is being made: ask again
  }
}

/** A page of the seller's, around this one or after it, must find that the seller knows. */
function awaitsSeller(checkout) {
  const url = webAddress(checkout.success_url);
  return embedded || (url !== null && url.origin !== location.origin);
}

/** To the seller's success page; to our own when the sale is still under way. */
export function leave(checkout, done) {
  const own = `/checkout/${encodeURIComponent(checkout.client_secret)}/confirmation`;
  const url = (done && webAddress(checkout.success_url)) || new URL(own, location.href);
  const token = kept(checkout.client_secret);
  if (token) url.searchParams.set("customer_session_token", token);
  const external = url.origin !== location.origin;
  if (!external) stay(url);
  if (done) tell("success", { successURL: url.href, redirect: external });
  if (!(embedded && external)) location.assign(url); // a parent moves its own page
}

const key = (secret) => `polarkit.checkout.${secret}`;

/** A reload between confirmation and sale must not lose the customer's session. */
export function keep(secret, token) {
  if (token) remember(key(secret), token);
}

export const kept = (secret) => recall(key(secret));
