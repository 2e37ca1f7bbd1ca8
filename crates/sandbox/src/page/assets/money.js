// Money is a whole number of minor units; it becomes decimal text without ever being a float.

const WHOLE = new Set("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split(" "));
const digits = (currency) => (WHOLE.has(currency) ? 0 : 2);

/** 2900 usd → "$29.00". */
export function format(minor, currency) {
  return written(shift(String(minor), digits(currency)), currency, digits(currency));
}

/** A unit price, which may be a fraction of a minor unit: "0.5" usd → "$0.005". */
export function formatUnit(minor, currency) {
  return written(shift(minor, digits(currency)), currency, 14);
}

/** 2900 usd → "29.00", for an input. */
export function decimal(minor, currency) {
  return shift(String(minor), digits(currency));
}

/** "29", "29.5", "29,50" → 2900, 2950, 2950; null when it is no amount. */
export function parse(text, currency) {
  const places = digits(currency);
  const match = /^(\d{1,9})(?:[.,](\d*))?$/.exec(text.replaceAll(/[\s\u00a0']/g, ""));
  if (!match) return null;
  const [, whole, fraction = ""] = match;
  if (fraction.length > places) return null;
  return Number(whole + fraction.padEnd(places, "0"));
}

/** "month", "3 months". */
export function every(interval, count) {
  return count > 1 ? `${count} ${interval}s` : interval;
}

/** "7 days", "1 month". */
export function span(interval, count) {
  return `${count} ${interval}${count > 1 ? "s" : ""}`;
}

export function date(text) {
  return new Intl.DateTimeFormat(undefined, { dateStyle: "medium" }).format(new Date(text));
}

/** What a product costs before anything is chosen: the price, its rhythm, and what is charged by use. */
export function priceOf(product, prices) {
  const rhythm = product.is_recurring ? every(product.recurring_interval, product.recurring_interval_count ?? 1) : "";
  const fixed = prices.filter((price) => price.amount_type !== "metered_unit").map(staticPrice);
  const metered = prices.filter((price) => price.amount_type === "metered_unit").map(meteredPrice);
  const main = fixed.length > 0 ? fixed.join(" + ") : "Pay as you go";
  const per = fixed.length > 0 && rhythm && main !== "Free" ? `per ${rhythm}` : "";
  return { main, per, metered };
}

function staticPrice(price) {
  const currency = price.price_currency;
  switch (price.amount_type) {
    case "fixed":
      return price.price_amount === 0 ? "Free" : format(price.price_amount, currency);
    case "custom":
      return price.minimum_amount > 0 ? `From ${format(price.minimum_amount, currency)}` : "Pay what you want";
    case "seat_based":
      return `${format(price.seat_tiers.tiers[0].price_per_seat, currency)} a seat`;
    default:
      return "";
  }
}

function meteredPrice(price) {
  return `${formatUnit(price.unit_amount, price.price_currency)} per unit of ${price.meter?.name ?? "usage"}`;
}

function written(text, currency, most) {
  const least = Math.min(digits(currency), most);
  return new Intl.NumberFormat(undefined, {
    style: "currency",
    currency: currency.toUpperCase(),
    minimumFractionDigits: least,
    maximumFractionDigits: most,
  }).format(text);
}

/** Moves the decimal point `places` to the left: ("2900", 2) → "29.00", ("0.5", 2) → "0.005". */
function shift(text, places) {
  const [, sign, whole, fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(text)) ?? [null, "", "0"];
  if (places === 0) return fraction ? `${sign}${whole}.${fraction}` : sign + whole;
  const padded = whole.padStart(places + 1, "0");
  return `${sign}${padded.slice(0, -places)}.${padded.slice(-places)}${fraction}`;
}
