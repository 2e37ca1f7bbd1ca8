// The buyer's half of the checkout: which fields there are, what is wrong in them, what they say.

import * as card from "./card.js";
import { byId, element, show } from "./dom.js";
import { mark } from "./field.js";
import { answers, ask, checkAnswers } from "./question.js";
import { countries, states } from "./regions.js";

/** Address parts as the API names them, with their inputs. */
const ADDRESS = [
  ["country", "country"],
  ["line1", "line1"],
  ["line2", "line2"],
  ["postal_code", "postal-code"],
  ["city", "city"],
  ["state", "state"],
];

/** Before anything is known: lists, formats, test cards. */
export function prepare() {
  byId("country").append(...countries().map(option));
  card.formatWhileTyping(byId("card-number"), 19, card.spaced);
  card.formatWhileTyping(byId("card-expiry"), 4, card.expiryLayout);
  card.formatWhileTyping(byId("card-cvc"), 4, (digits) => digits);
  byId("card-number").addEventListener("input", nameBrand);
  byId("test-card-list").append(...card.TEST_CARDS.map(testCard));
}

const option = ([value, text]) => element("option", { value }, text);

function nameBrand() {
  byId("card-brand").textContent = card.brandOf(card.digitsOf(byId("card-number").value)).name;
}

function testCard([number, does]) {
  const use = () => {
    byId("card-number").value = card.spaced(number);
    byId("card-expiry").value = "12 / 34";
    byId("card-cvc").value = "123";
    for (const id of ["card-number", "card-expiry", "card-cvc"]) mark(id, "");
    nameBrand();
    byId("card-number").focus();
  };
  return element("li", {}, element("button", { type: "button", onclick: use }, element("code", {}, card.spaced(number)), element("span", {}, does)));
}

/** What the session already knows of the buyer. */
export function prefill(checkout) {
  const known = {
    email: checkout.customer_email,
    name: checkout.customer_name,
    "billing-name": checkout.customer_billing_name,
    "tax-id": checkout.customer_tax_id,
  };
  for (const [id, text] of Object.entries(known)) byId(id).value = text ?? "";
  byId("email").readOnly = checkout.customer_id !== null && Boolean(checkout.customer_email);
  byId("business").checked = checkout.is_business_customer;
  const address = checkout.customer_billing_address ?? {};
  byId("country").value = address.country ?? "";
  offerStates(address.country);
  for (const [name, id] of ADDRESS) if (name !== "country") byId(id).value = address[name] ?? "";
}

/** Shows the fields that the session asks for. */
export function reveal(checkout) {
  const { billing_address_fields: modes, is_payment_form_required: pays } = checkout;
  ask(checkout);
  const addressed = pays || checkout.require_billing_address;
  show("card", pays);
  show("address", addressed);
  for (const [name, id] of ADDRESS) {
    if (name === "country") continue;
    show(`${id}-field`, modes[name] !== "disabled" && (name !== "state" || byId("state").options.length > 1));
  }
  const business = byId("business").checked;
  show("billing-name-field", business);
  show("tax-id-field", business);
}

function offerStates(country) {
  const list = states(country ?? "");
  byId("state").replaceChildren(option(["", "Choose one"]), ...list.map(option));
}

/** What a changed field means for price and tax, and so for the server; `null` when it can wait for the confirmation. */
export function changed(id, checkout) {
  switch (id) {
    case "email":
      return byId("email").value && byId("email").validity.valid ? { customer_email: byId("email").value.trim() } : null;
    case "country":
      offerStates(byId("country").value);
      return byId("country").value ? { customer_billing_address: address() } : null;
    case "state":
    case "postal-code":
    case "city":
    case "line1":
    case "line2":
      return byId("country").value ? { customer_billing_address: address() } : null;
    case "business":
      reveal(checkout);
      return { is_business_customer: byId("business").checked };
    case "tax-id":
      return byId("country").value ? { customer_tax_id: orNull("tax-id") } : null;
    default:
      return null;
  }
}

const orNull = (id) => byId(id).value.trim() || null;
const visible = (id) => byId(id).offsetParent !== null;

function address() {
  return Object.fromEntries(ADDRESS.map(([name, id]) => [name, name === "country" || visible(id) ? orNull(id) : null]));
}

/** Marks what is wrong or missing. */
export function check(checkout, now) {
  const flaws = { email: emailFlaw() };
  if (checkout.is_payment_form_required) {
    flaws["card-number"] = card.numberFlaw(byId("card-number").value);
    flaws["card-expiry"] = card.expiryFlaw(byId("card-expiry").value, now);
    flaws["card-cvc"] = card.codeFlaw(byId("card-cvc").value, byId("card-number").value);
  }
  if (visible("country")) {
    for (const [name, id] of ADDRESS) {
      if (checkout.billing_address_fields[name] === "required" && visible(id)) flaws[id] = orNull(id) ? "" : missing(id);
    }
  }
  if (visible("billing-name")) flaws["billing-name"] = orNull("billing-name") ? "" : missing("billing-name");
  for (const [id, flaw] of Object.entries(flaws)) mark(id, flaw);
  checkAnswers(checkout);
}

const missing = (id) => (byId(id).tagName === "SELECT" ? "Choose one from the list." : "This is needed.");

function emailFlaw() {
  const email = byId("email");
  if (email.value.trim() === "") return "Enter your e-mail address.";
  return email.validity.valid ? "" : "This is no e-mail address.";
}

/** Everything the confirmation carries. */
export function buyer(checkout) {
  const fields = { customer_name: orNull("name") };
  if (!byId("email").readOnly) fields.customer_email = byId("email").value.trim();
  if (visible("country")) fields.customer_billing_address = address();
  if (byId("business").checked) {
    Object.assign(fields, { is_business_customer: true, customer_billing_name: orNull("billing-name"), customer_tax_id: orNull("tax-id") });
  }
  if (checkout.attached_custom_fields?.length > 0) fields.custom_field_data = answers(checkout);
  if (checkout.is_payment_form_required) fields.confirmation_token_id = `card_${card.digitsOf(byId("card-number").value)}`;
  return fields;
}
