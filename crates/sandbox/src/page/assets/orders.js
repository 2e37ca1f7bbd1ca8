// Orders, newest first, a page at a time.

import { byId, element, show } from "./dom.js";
import { date, format } from "./money.js";

const PAGE = 20;

const STATES = {
  paid: ["Paid", "good"],
  pending: ["Pending", "warn"],
  refunded: ["Refunded", ""],
  partially_refunded: ["Partly refunded", ""],
  void: ["Void", ""],
  draft: ["Draft", ""],
};
const REASONS = {
  purchase: "Purchase",
  subscription_create: "First payment",
  subscription_cycle: "Renewal",
  subscription_update: "Change of plan",
  subscription_meter_cycle: "Usage",
};

export async function drawOrders(portal, place) {
  place.replaceChildren();
  await add(portal, place, 1);
}

async function add(portal, place, page) {
  const { items, pagination } = await portal.call("GET", `/orders/?limit=${PAGE}&page=${page}&sorting=-created_at`);
  place.append(...items.map(card));
  if (page === 1 && items.length === 0) place.append(element("p", { class: "card muted" }, "You have no orders yet."));
  show("more-orders", pagination.max_page > page);
  byId("more-orders").onclick = () => add(portal, place, page + 1).catch((error) => portal.say(error.message, "error"));
}

function card(order) {
  const [word, tone] = STATES[order.status] ?? [order.status, ""];
  const details = [date(order.created_at), REASONS[order.billing_reason], order.invoice_number].filter(Boolean);
  return element(
    "article",
    { class: "card order", "data-order": order.id },
    element("h3", {}, order.description),
    element("span", { class: "amount numeric" }, format(order.total_amount, order.currency)),
    element("p", { class: "muted small" }, details.join(" · ")),
    element("span", { class: `badge state ${tone}` }, word),
    order.refunded_amount > 0 ? element("p", { class: "small" }, `${format(order.refunded_amount + order.refunded_tax_amount, order.currency)} came back to you.`) : null,
  );
}
