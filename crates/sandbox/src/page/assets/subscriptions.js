// Subscriptions: where they stand, what comes next, cancelled and kept again.

import { byId, element } from "./dom.js";
import { date, every, format } from "./money.js";

/** More than a customer of a test ever has; the API's largest page. */
const MOST = 100;

const STATES = {
  active: ["Active", "good"],
  trialing: ["Free trial", "good"],
  past_due: ["Payment failed", "danger"],
  unpaid: ["Unpaid", "danger"],
  canceled: ["Ended", ""],
  paused: ["Paused", "warn"],
};
const LIVING = new Set(["active", "trialing", "past_due", "paused"]);

export async function drawSubscriptions(portal, place) {
  const { items } = await portal.call("GET", `/subscriptions/?limit=${MOST}`);
  const cards = items.map((subscription) => card(portal, subscription));
  place.replaceChildren(...(cards.length > 0 ? cards : [element("p", { class: "card muted" }, "You have no subscriptions.")]));
}

function card(portal, subscription) {
  const { product } = subscription;
  const [word, tone] = subscription.cancel_at_period_end && LIVING.has(subscription.status) ? ["Ends soon", "warn"] : (STATES[subscription.status] ?? [subscription.status, ""]);
  const rhythm = every(subscription.recurring_interval, subscription.recurring_interval_count ?? 1);
  const price = subscription.amount > 0 ? `${format(subscription.amount, subscription.currency)} per ${rhythm}` : byUse(subscription) ? "By use" : "Free";
  return element(
    "article",
    { class: "card row split", "data-subscription": subscription.id },
    element("div", { class: "title" }, element("h3", {}, product.name), element("span", { class: `badge ${tone}` }, word)),
    facts([["Price", price], next(subscription), ["Since", subscription.started_at && date(subscription.started_at)], ["Seats", subscription.seats]]),
    action(portal, subscription),
  );
}

const byUse = ({ prices }) => (prices ?? []).some((price) => price.amount_type === "metered_unit");

function next(subscription) {
  if (subscription.ended_at) return ["Ended", date(subscription.ended_at)];
  if (subscription.cancel_at_period_end) return ["Yours until", date(subscription.ends_at ?? subscription.current_period_end)];
  if (subscription.status === "paused") return ["Resumes", subscription.resumes_at ? date(subscription.resumes_at) : "when you ask for it"];
  if (subscription.status === "trialing") return ["First payment", date(subscription.trial_end ?? subscription.current_period_end)];
  return ["Renews", date(subscription.current_period_end)];
}

/** A list of terms, without those that have no value. */
export function facts(pairs) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return element("dl", { class: "facts numeric" }, known.map(([term, value]) => element("div", {}, element("dt", {}, term), element("dd", {}, String(value)))));
}

function action(portal, subscription) {
  if (!LIVING.has(subscription.status)) return null;
  const name = subscription.product.name;
  if (subscription.cancel_at_period_end) {
    const keep = () => change(portal, subscription, { cancel_at_period_end: false }, `${name} goes on.`);
    return button("Keep subscription", `Keep the subscription ${name}`, keep);
  }
  const ask = async () => {
    const answer = await confirmed(subscription);
    if (answer) await change(portal, subscription, { cancel_at_period_end: true, ...answer }, `${name} is cancelled and yours until ${date(subscription.current_period_end)}.`);
  };
  return button("Cancel", `Cancel ${name}`, ask);
}

function button(text, name, onclick) {
  return element("div", { class: "actions" }, element("button", { class: "button slight", type: "button", onclick, "aria-label": name }, text));
}

async function change(portal, subscription, body, done) {
  portal.say("");
  const place = byId("subscriptions");
  place.setAttribute("aria-busy", "true");
  try {
    await portal.call("PATCH", `/subscriptions/${subscription.id}`, body);
    await portal.refresh(portal);
    portal.say(done, "good");
  } catch (error) {
    portal.say(error.message, "error");
  } finally {
    place.removeAttribute("aria-busy");
    byId("message").focus();
  }
}

/** Asks before cancelling: the reason given, or `null` when the subscription is kept. */
function confirmed(subscription) {
  const dialog = byId("cancel");
  byId("cancel-text").textContent = `${subscription.product.name} stays yours until ${date(subscription.current_period_end)}, then it ends and nothing more is charged.`;
  byId("cancel-form").reset();
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => {
      if (dialog.returnValue !== "yes") return resolve(null);
      const reason = byId("cancel-reason").value;
      const comment = byId("cancel-comment").value.trim();
      resolve({ ...(reason && { cancellation_reason: reason }), ...(comment && { cancellation_comment: comment }) });
    };
  });
}
