// What is bought and what it costs, drawn from the session each time it changes.

import { byId, element, initial, show, webAddress, write } from "./dom.js";
import { date, decimal, every, format, priceOf, span } from "./money.js";

export function draw(checkout, choose) {
  drawSeller(checkout);
  drawProduct(checkout);
  drawChoices(checkout, choose);
  drawQuantities(checkout);
  drawDiscount(checkout);
  drawTotals(checkout);
}

function drawSeller({ organization, return_url: back }) {
  write("seller", organization.name);
  write("seller-mark", initial(organization.name));
  const address = back ? webAddress(back) : null;
  show("return", address !== null);
  if (address) byId("return").href = address.href;
}

function drawProduct(checkout) {
  const { product } = checkout;
  const { main, per, metered } = priceOf(product, pricesOf(checkout, product));
  document.title = `${product.name} · ${checkout.organization.name}`;
  write("product-name", product.name);
  byId("price").replaceChildren(main, per ? element("span", { class: "per" }, ` ${per}`) : "");
  const notes = [...metered];
  if (trialing(checkout)) notes.unshift(`${span(checkout.active_trial_interval, checkout.active_trial_interval_count)} free trial`);
  show("price-note", notes.length > 0);
  write("price-note", notes.join(" · "));
  write("description", product.description ?? "");
  show("benefits", product.benefits.length > 0);
  byId("benefits").replaceChildren(...product.benefits.map((benefit) => element("li", {}, benefit.description)));
}

function drawChoices(checkout, choose) {
  const fieldset = byId("products");
  show("products", checkout.products.length > 1);
  if (checkout.products.length < 2) return;
  if (!fieldset.querySelector("input")) fieldset.append(...checkout.products.map((product) => choice(checkout, product, choose)));
  for (const input of fieldset.querySelectorAll("input")) input.checked = input.value === checkout.product_id;
}

function choice(checkout, product, choose) {
  const { main, per } = priceOf(product, pricesOf(checkout, product));
  const input = element("input", { type: "radio", name: "product", value: product.id, onchange: () => choose(product.id) });
  return element("label", { class: "choice" }, input, element("span", {}, product.name), element("span", { class: "cost small numeric" }, `${main} ${per}`));
}

function drawQuantities(checkout) {
  const custom = pricesOf(checkout, checkout.product).find((price) => price.amount_type === "custom");
  show("amount-field", custom !== undefined);
  if (custom) {
    write("amount-currency", `(${checkout.currency.toUpperCase()})`);
    refill("amount", decimal(checkout.amount, checkout.currency));
    byId("amount-note").dataset.hint = bounds(custom, checkout.currency);
    if (!byId("amount").hasAttribute("aria-invalid")) write("amount-note", bounds(custom, checkout.currency));
  }
  const seated = checkout.seats !== null && checkout.seats !== undefined;
  show("seats-field", seated);
  if (seated) {
    const seats = byId("seats");
    seats.min = checkout.min_seats ?? 1;
    seats.max = checkout.max_seats ?? 10000;
    seats.readOnly = checkout.min_seats !== null && checkout.min_seats === checkout.max_seats;
    refill("seats", String(checkout.seats));
  }
}

function bounds(price, currency) {
  const least = price.minimum_amount > 0 ? `At least ${format(price.minimum_amount, currency)}` : "Any amount, even nothing";
  return price.maximum_amount ? `${least}, at most ${format(price.maximum_amount, currency)}.` : `${least}.`;
}

/** What the server says, when it says something new: what was typed and refused stays to be corrected. */
function refill(id, text) {
  const field = byId(id);
  if (field.dataset.filled === text) return;
  field.dataset.filled = text;
  field.value = text;
}

function drawDiscount(checkout) {
  const { discount } = checkout;
  const possible = checkout.allow_discount_codes && (checkout.is_discount_applicable || discount !== null);
  show("discount", possible || discount !== null);
  show("discount-form", discount === null);
  show("discount-applied", discount !== null);
  show("discount-remove", checkout.allow_discount_codes);
  if (discount) write("discount-name", `${discount.code ?? discount.name}: ${worth(discount, checkout.currency)}`);
}

function worth(discount, currency) {
  const size =
    discount.type === "percentage"
      ? `${new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 }).format(discount.basis_points / 100)}% off`
      : `${format(discount.amounts?.[currency] ?? discount.amount, currency)} off`;
  if (discount.duration === "repeating") return `${size} for ${span("month", discount.duration_in_months)}`;
  return size;
}

export function drawTotals(checkout) {
  const money = (amount) => format(amount, checkout.currency);
  const trial = trialing(checkout);
  write("subtotal", money(checkout.amount));
  show("discount-row", checkout.discount_amount > 0);
  write("discount-amount", `−${money(checkout.discount_amount)}`);
  write("tax-label", checkout.tax_behavior === "inclusive" ? "Tax, included" : "Tax");
  write("tax", checkout.tax_amount === null ? "Depends on your country" : money(checkout.tax_amount));
  write("total-label", trial || checkout.product.is_recurring ? "Due today" : "Total");
  write("total", money(trial ? 0 : checkout.total_amount));
  const later = renewal(checkout);
  show("later-row", later !== null);
  if (later) {
    write("later-label", later.when);
    write("later", later.amount);
  }
}

/** What comes after today, in words; a discount that ends makes the later amount differ, so then only the rhythm is told. */
function renewal(checkout) {
  const { product, discount } = checkout;
  if (!product.is_recurring || checkout.is_free_product_price) return null;
  const rhythm = every(product.recurring_interval, product.recurring_interval_count ?? 1);
  if (trialing(checkout)) return { when: `From ${date(checkout.trial_end)}, each ${rhythm}`, amount: format(checkout.total_amount, checkout.currency) };
  if (checkout.amount === 0) return { when: `Each ${rhythm}`, amount: "what you use" };
  if (discount && discount.duration !== "forever") return { when: `Renews each ${rhythm}`, amount: "" };
  return { when: `Then each ${rhythm}`, amount: format(checkout.total_amount, checkout.currency) };
}

export const trialing = (checkout) => Boolean(checkout.active_trial_interval);

/** The session's prices of a product: the catalogue's, or those made for this session. */
export function pricesOf(checkout, product) {
  const prices = checkout.prices?.[product.id] ?? product.prices;
  const fitting = prices.filter((price) => price.price_currency === checkout.currency);
  return fitting.length > 0 ? fitting : prices;
}
