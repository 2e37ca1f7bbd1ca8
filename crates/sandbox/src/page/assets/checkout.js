// The checkout page: reads the session, keeps it in step with the form, takes the payment.

import { Refused, now } from "./api.js";
import { buyer, changed, check, prefill, prepare, reveal } from "./buyer.js";
import { byId, notice, say, show, write } from "./dom.js";
import { dress, embedded, tell } from "./embed.js";
import { firstMarked, mark, markAll, tend } from "./field.js";
import { format, parse } from "./money.js";
import { confirm, follow, leave } from "./payment.js";
import { Session } from "./session.js";
import { draw, trialing } from "./summary.js";

const secret = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const session = new Session(secret);
let paying = false;

async function start() {
  dress();
  tend();
  prepare();
  listen();
  session.watch(redraw);
  try {
    prefill(await session.load());
    redraw(session);
    tell("loaded");
    if (session.current.status !== "open") await elsewhere(session.current.status);
  } catch (error) {
    fail(error);
  }
}

/** Draws what the server last said. */
function redraw({ current, waiting }) {
  byId("totals").setAttribute("aria-busy", String(waiting > 0));
  if (!current) return;
  draw(current, (id) => update({ product_id: id }));
  reveal(current);
  byId("checkout").setAttribute("aria-busy", String(paying));
  const pay = byId("pay");
  pay.disabled = false;
  pay.classList.toggle("busy", paying);
  pay.setAttribute("aria-disabled", String(paying));
  write("pay", paying ? "Processing…" : action(current));
}

function action(checkout) {
  if (!checkout.is_payment_form_required) return checkout.product.is_recurring ? "Subscribe for free" : "Get it for free";
  if (trialing(checkout)) return "Start free trial";
  const verb = checkout.product.is_recurring ? "Subscribe" : "Pay";
  return checkout.total_amount > 0 ? `${verb} ${format(checkout.total_amount, checkout.currency)}` : verb;
}

function listen() {
  byId("form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!paying && session.current) pay();
  });
  // What decides about price and tax is sent as soon as it is settled; the rest goes with the confirmation.
  byId("form").addEventListener("change", (event) => {
    const fields = session.current && changed(event.target.id, session.current);
    if (fields) update(fields);
  });
  const acts = { amount: setAmount, seats: setSeats, "discount-code": applyDiscount };
  for (const [id, act] of Object.entries(acts)) {
    byId(id).addEventListener("keydown", (event) => {
      if (event.key === "Enter") act();
    });
  }
  byId("amount").addEventListener("change", setAmount);
  byId("seats").addEventListener("change", setSeats);
  byId("discount-apply").addEventListener("click", applyDiscount);
  byId("discount-remove").addEventListener("click", removeDiscount);
  show("close", embedded);
  byId("close").addEventListener("click", () => tell("close"));
}

function setAmount() {
  const amount = parse(byId("amount").value, session.current.currency);
  if (amount === null) mark("amount", "Enter an amount, as in 12.50.");
  else if (amount !== session.current.amount) update({ amount });
}

function setSeats() {
  const text = byId("seats").value;
  if (!/^\d{1,5}$/.test(text)) mark("seats", "Enter a whole number.");
  else if (Number(text) !== session.current.seats) update({ seats: Number(text) });
}

async function applyDiscount() {
  const code = byId("discount-code").value.trim();
  if (code === "") {
    mark("discount-code", "Enter a code first.");
  } else if (await update({ discount_code: code })) {
    byId("discount-code").value = "";
    byId("discount-remove").focus();
  }
}

async function removeDiscount() {
  if (await update({ discount_code: null })) byId("discount-code").focus();
}

/** Sends a change; true when the server took it. A refusal is told at its field. */
async function update(fields) {
  say("");
  try {
    await session.patch(fields);
    return true;
  } catch (error) {
    fail(error);
    return false;
  }
}

async function pay() {
  say("");
  mark("discount-code", "");
  busy(true);
  await session.idle(); // an amount that was just typed may still be refused: nobody pays another one instead
  check(session.current, now());
  if (firstMarked()) {
    busy(false);
    say("Please correct the marked fields.", "error");
    firstMarked().focus();
    return;
  }
  try {
    await confirm(session, buyer(session.current));
    await elsewhere("confirmed");
  } catch (error) {
    fail(error);
    if (firstMarked()) say("Please correct the marked fields.", "error");
    (firstMarked() ?? byId("message")).focus();
  }
}

function busy(is) {
  paying = is;
  for (const group of document.querySelectorAll("#form fieldset, #products")) group.disabled = is;
  redraw(session);
}

/** Where a session belongs that is not open any more. The page stays busy until it is left. */
async function elsewhere(status) {
  if (status !== "confirmed") return settled(status);
  busy(true);
  const end = await follow(session);
  if (end === "slow") return leave(session.current, false);
  if (end === "succeeded") return leave(session.current, true);
  settled(end);
}

function settled(status) {
  busy(false);
  if (status === "open") {
    say("The payment did not go through and you have not been charged. Try again, or use another card.", "error");
    byId("message").focus();
  } else if (status === "succeeded") {
    const link = { href: `/checkout/${encodeURIComponent(secret)}/confirmation`, text: "See your purchase" };
    notice({ title: "This is already paid", text: "Nothing more to do: the purchase is complete.", mark: "✓", tone: "good", link });
  } else {
    expired();
  }
}

const expired = () =>
  notice({ title: "This checkout has expired", text: "Nothing was charged. Go back to the shop and start again.", mark: "!" });

/** Tells a refusal where it belongs: the whole page, a field, or the message line. */
function fail(error) {
  busy(false);
  if (!(error instanceof Refused)) {
    if (session.current) say(error.message, "error");
    else notice({ title: "The checkout cannot be loaded", text: error.message, mark: "!" });
  } else if (error.status === 404) {
    notice({ title: "There is no such checkout", text: "Check the address, or go back to the shop and start again.", mark: "?" });
  } else if (error.status === 410) {
    expired();
  } else if (error.kind === "NotOpenCheckout") {
    session.load().then(({ status }) => elsewhere(status)).catch(fail);
  } else {
    const rest = error.flaws.length > 0 ? markAll(error.flaws) : [error.message];
    if (rest.length > 0) say(rest.join(" "), "error");
  }
}

start();
