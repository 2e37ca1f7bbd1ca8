// The seller's own questions: custom fields attached to the product.

import { byId, element, show } from "./dom.js";
import { mark } from "./field.js";

const idOf = (slug) => `question-${slug}`;

/** Draws the questions when they are other ones than before; what was answered stays. */
export function ask(checkout) {
  const attached = checkout.attached_custom_fields ?? [];
  const place = byId("questions");
  const asked = attached.map(({ custom_field_id, required }) => `${custom_field_id}${required}`).join();
  if (place.dataset.asked === asked) return;
  place.dataset.asked = asked;
  show("questions", attached.length > 0);
  const before = answers(checkout);
  for (const old of place.querySelectorAll(".field")) old.remove();
  place.append(...attached.map((field) => question(field, before[field.custom_field.slug] ?? checkout.custom_field_data?.[field.custom_field.slug])));
}

function question({ custom_field: field, required }, answer) {
  const id = idOf(field.slug);
  const properties = field.properties ?? {};
  const input = inputFor(field, properties, answer);
  input.id = id;
  input.required = required;
  input.setAttribute("aria-describedby", `${id}-note`);
  input.addEventListener("input", () => mark(id, ""));
  const name = [properties.form_label || field.name, required ? null : element("span", { class: "optional" }, " (optional)")];
  const hint = properties.form_help_text ?? "";
  const note = element("p", { class: "note", id: `${id}-note`, "data-hint": hint }, hint);
  const body = field.type === "checkbox" ? [element("label", { class: "check", for: id }, input, element("span", {}, name))] : [element("label", { for: id }, name), input];
  return element("div", { class: "field" }, body, note);
}

function inputFor(field, properties, answer) {
  const day = (seconds) => (Number.isInteger(seconds) ? new Date(seconds * 1000).toISOString().slice(0, 10) : null);
  const placeholder = properties.form_placeholder;
  switch (field.type) {
    case "checkbox":
      return element("input", { type: "checkbox", checked: answer === true });
    case "select":
      return element("select", {}, option("", placeholder || "Choose one", answer), (properties.options ?? []).map(({ value, label }) => option(value, label, answer)));
    case "number":
      return element("input", { type: "number", step: 1, inputmode: "numeric", min: properties.ge, max: properties.le, placeholder, value: answer });
    case "date":
      return element("input", { type: "date", min: day(properties.ge), max: day(properties.le), value: answer });
    default:
      if (properties.textarea) return element("textarea", { rows: 3, minlength: properties.min_length, maxlength: properties.max_length, placeholder }, answer ?? "");
      return element("input", { type: "text", minlength: properties.min_length, maxlength: properties.max_length, placeholder, value: answer });
  }
}

const option = (value, label, answer) => element("option", { value, selected: value === answer }, label);

/** The answers by slug, as the API wants them; what is left empty is null. */
export function answers(checkout) {
  const given = {};
  for (const { custom_field: field } of checkout.attached_custom_fields ?? []) {
    const input = byId(idOf(field.slug));
    if (!input) continue;
    if (field.type === "checkbox") given[field.slug] = input.checked;
    else if (input.value.trim() === "") given[field.slug] = null;
    else given[field.slug] = field.type === "number" ? Number(input.value) : input.value.trim();
  }
  return given;
}

/** Marks the questions that are open or whose answer does not fit. */
export function checkAnswers(checkout) {
  for (const { custom_field: field, required } of checkout.attached_custom_fields ?? []) {
    const input = byId(idOf(field.slug));
    const open = field.type === "checkbox" ? !input.checked : input.value.trim() === "";
    const flaw = required && open ? "This is needed." : input.validity.valid || open ? "" : input.validationMessage;
    mark(input.id, flaw);
  }
}
