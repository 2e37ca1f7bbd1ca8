// After the sale: what was bought, and the way to it.

import { Refused } from "./api.js";
import { byId, element, initial, notice, show, wait, write } from "./dom.js";
import { dress, embedded } from "./embed.js";
import { date, every, format } from "./money.js";
import { keep, kept } from "./payment.js";
import { Session } from "./session.js";

/** The page looks for the sale this often, and this many times: two minutes. */
const POLL_MS = 1500;
const LOOKS_MAX = 80;

const secret = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const session = new Session(secret);

async function start() {
  dress();
  takeToken();
  try {
    await draw(await session.load());
  } catch (error) {
    fail(error);
  }
}

/** The customer's session goes out of the address bar, where it could be copied or photographed. */
function takeToken() {
  const url = new URL(location.href);
  keep(secret, url.searchParams.get("customer_session_token"));
  url.searchParams.delete("customer_session_token");
  history.replaceState(null, "", url);
}

async function draw(first) {
  let checkout = first;
  for (let look = 0; checkout.status === "confirmed" && look < LOOKS_MAX; look += 1) {
    fill(checkout, "We are completing your purchase…", "This takes a moment. You can leave this page: a receipt comes by e-mail.", "…");
    await wait(POLL_MS);
    checkout = await session.load();
  }
  const again = { href: `/checkout/${encodeURIComponent(secret)}`, text: "Back to the checkout" };
  switch (checkout.status) {
    case "succeeded":
      return fill(checkout, "Thank you!", `Your purchase from ${checkout.organization.name} is complete.`, "✓");
    case "open":
      return notice({ title: "This purchase is not complete", text: "Nothing has been charged yet.", mark: "!", link: again });
    case "confirmed":
      return fill(checkout, "Your purchase is on its way", "The payment is taking longer than usual. Reload this page in a while.", "…");
    default:
      return gone();
  }
}

function fill(checkout, title, text, mark) {
  const { organization, product } = checkout;
  const done = checkout.status === "succeeded";
  document.title = `${title} · ${organization.name}`;
  write("seller", organization.name);
  write("seller-mark", initial(organization.name));
  write("thank-you", title);
  write("thank-you-text", text);
  byId("mark").className = `mark ${done ? "good" : ""}`;
  write("mark", mark);
  write("product-name", product.name);
  write("paid", amount(checkout));
  write("paid-label", checkout.active_trial_interval ? "Free trial" : done ? "Paid" : "To pay");
  show("email-row", Boolean(checkout.customer_email));
  write("email", checkout.customer_email ?? "");
  show("benefits-part", product.benefits.length > 0);
  byId("benefits").replaceChildren(...product.benefits.map((benefit) => element("li", {}, benefit.description)));
  const token = kept(secret);
  show("portal", done && Boolean(token));
  show("no-portal", done && !token);
  if (token) byId("portal").href = `/${encodeURIComponent(organization.slug)}/portal?${new URLSearchParams({ customer_session_token: token })}`;
  if (embedded) byId("portal").target = "_blank"; // nobody may frame the portal
  byId("receipt").setAttribute("aria-busy", String(checkout.status === "confirmed"));
}

function amount(checkout) {
  const { product } = checkout;
  if (checkout.active_trial_interval) return checkout.trial_end ? `until ${date(checkout.trial_end)}` : "started";
  const metered = product.prices.some((price) => price.amount_type === "metered_unit");
  if (metered && checkout.total_amount === 0) return "nothing today, then what you use";
  const paid = format(checkout.total_amount, checkout.currency);
  return product.is_recurring ? `${paid}, renews each ${every(product.recurring_interval, product.recurring_interval_count ?? 1)}` : paid;
}

const gone = () => notice({ title: "This page is no longer available", text: "Your receipt and your access are in your e-mail.", mark: "!" });

function fail(error) {
  if (error instanceof Refused && error.status === 410) gone();
  else if (error instanceof Refused && error.status === 404) notice({ title: "There is no such checkout", text: "Check the address.", mark: "?" });
  else notice({ title: "The page cannot be loaded", text: error.message, mark: "!" });
}

start();
