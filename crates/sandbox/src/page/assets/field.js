// A field and the line under it: a hint, or what is wrong.

import { plain } from "./api.js";
import { byId } from "./dom.js";

/** Where the API's names are on the page. The last part of a location wins: `customer_billing_address`, `state`. */
const PLACES = {
  customer_email: "email",
  customer_name: "name",
  customer_billing_name: "billing-name",
  customer_tax_id: "tax-id",
  customer_billing_address: "country",
  country: "country",
  state: "state",
  city: "city",
  postal_code: "postal-code",
  line1: "line1",
  line2: "line2",
  discount_code: "discount-code",
  discount_id: "discount-code",
  amount: "amount",
  seats: "seats",
  confirmation_token_id: "card-number",
};

/** Writes the flaw under the field, or with "" clears it. */
export function mark(id, flaw) {
  const note = byId(`${id}-note`);
  byId(id).toggleAttribute("aria-invalid", false);
  if (flaw) byId(id).setAttribute("aria-invalid", "true");
  note.classList.toggle("error", Boolean(flaw));
  note.textContent = flaw || (note.dataset.hint ?? "");
}

/** Marks the fields that a refusal names; gives back the sentences that have no field in sight. */
export function markAll(flaws) {
  const homeless = [];
  for (const flaw of flaws) {
    const id = placeOf(flaw.loc ?? []);
    if (id && byId(id) && byId(id).offsetParent !== null) mark(id, wording(id, flaw));
    else homeless.push(plain(flaw.msg));
  }
  return homeless;
}

function placeOf(location) {
  const question = location.indexOf("custom_field_data");
  if (question >= 0) return `question-${location[question + 1]}`;
  const name = location.findLast((part) => part in PLACES);
  return name && PLACES[name];
}

/** The API speaks of an amount's bounds in minor units; the field's hint says them as money. */
const wording = (id, flaw) => (id === "amount" && byId("amount-note").dataset.hint) || plain(flaw.msg);

/** The first field that is marked and in sight. */
export function firstMarked() {
  return Array.from(document.querySelectorAll('[aria-invalid="true"]')).find((field) => field.offsetParent !== null);
}

/** Every line shows its hint; a mark goes away as soon as the field is edited. */
export function tend() {
  for (const note of document.querySelectorAll(".note")) {
    const id = note.id.replace(/-note$/, "");
    mark(id, "");
    byId(id).addEventListener("input", () => mark(id, ""));
  }
}
