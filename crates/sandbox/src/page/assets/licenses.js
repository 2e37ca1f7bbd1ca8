// Licence keys: shown, copied, and where they are in use.

import { Refused } from "./api.js";
import { element } from "./dom.js";
import { date } from "./money.js";
import { facts } from "./subscriptions.js";

const MOST = 100;
const STATES = { granted: ["Valid", "good"], revoked: ["Revoked", "danger"], disabled: ["Disabled", "warn"] };

export async function drawLicenses(portal, place) {
  const { items } = await portal.call("GET", `/license-keys/?limit=${MOST}`);
  const keys = await Promise.all(items.map((license) => detailed(portal, license)));
  const cards = keys.map((license) => card(portal, license));
  place.replaceChildren(...(cards.length > 0 ? cards : [element("p", { class: "card muted" }, "You have no licence keys.")]));
}

/** With its activations; a shop may keep those to itself. */
async function detailed(portal, license) {
  try {
    return await portal.call("GET", `/license-keys/${license.id}`);
  } catch (error) {
    if (error instanceof Refused && error.status !== 401) return license;
    throw error;
  }
}

function card(portal, license) {
  const [word, tone] = STATES[license.status] ?? [license.status, ""];
  const activations = license.activations ?? [];
  return element(
    "article",
    { class: "card row", "data-license": license.id },
    element("div", { class: "key" }, element("code", { class: "license-key" }, license.key), copyButton(portal, license), element("span", { class: `badge ${tone}` }, word)),
    facts([
      ["Expires", license.expires_at && date(license.expires_at)],
      ["Activations", inUse(license)],
      ["Used", license.limit_usage && `${license.usage} of ${license.limit_usage}`],
      ["Last checked", license.last_validated_at && date(license.last_validated_at)],
    ]),
    activations.length > 0 ? list(activations) : null,
  );
}

function inUse({ activations, limit_activations: limit }) {
  if (!limit) return null;
  return activations ? `${activations.length} of ${limit}` : `up to ${limit}`;
}

function copyButton(portal, license) {
  const copy = async (event) => {
    try {
      await navigator.clipboard.writeText(license.key);
      portal.say("The licence key is in your clipboard.", "good");
    } catch {
      // No permission: select it instead, so that the next keys pressed copy it.
      getSelection().selectAllChildren(event.target.closest(".key").querySelector("code"));
      portal.say("The key is selected: copy it with Ctrl C.");
    }
  };
  return element("button", { class: "button slight", type: "button", onclick: copy, "aria-label": `Copy licence key ${license.display_key}` }, "Copy");
}

function list(activations) {
  const rows = activations.map((activation) => element("li", {}, element("span", {}, activation.label), element("span", { class: "muted small" }, `since ${date(activation.created_at)}`)));
  return element("ul", { class: "activations", "aria-label": "Activations" }, rows);
}
