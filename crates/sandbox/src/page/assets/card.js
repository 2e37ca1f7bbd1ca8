// Card inputs: spaced while typed, checked before they are sent. Only Stripe's published test numbers mean anything here.

/** What each published test number does. The sandbox decides; this list is for the reader. */
export const TEST_CARDS = [
  ["4242424242424242", "pays"],
  ["5555555555554444", "pays"],
  ["4000002500003155", "asks for 3-D Secure once"],
  ["4000002760003184", "asks for 3-D Secure each time"],
  ["4000000000000002", "is declined"],
  ["4000000000009995", "has insufficient funds"],
  ["4000000000000341", "pays once, fails at renewal"],
  ["4000000000007726", "pays; a refund is pending at first"],
  ["4000000000005126", "pays; a refund fails later"],
  ["4000000000000259", "pays, then disputes it"],
];

const BRANDS = [
  { name: "Visa", starts: /^4/, groups: [4, 4, 4, 4], lengths: [16, 13, 19], code: 3 },
  { name: "Mastercard", starts: /^(5[1-5]|2[2-7])/, groups: [4, 4, 4, 4], lengths: [16], code: 3 },
  { name: "American Express", starts: /^3[47]/, groups: [4, 6, 5], lengths: [15], code: 4 },
  { name: "Discover", starts: /^6(011|4[4-9]|5)/, groups: [4, 4, 4, 4], lengths: [16], code: 3 },
  { name: "Diners Club", starts: /^3(0|6|8)/, groups: [4, 6, 4], lengths: [14, 16], code: 3 },
  { name: "JCB", starts: /^35/, groups: [4, 4, 4, 4], lengths: [16], code: 3 },
  { name: "UnionPay", starts: /^62/, groups: [4, 4, 4, 4], lengths: [16, 17, 18, 19], code: 3 },
];
const OTHER = { name: "", groups: [4, 4, 4, 4], lengths: [12, 13, 14, 15, 16, 17, 18, 19], code: 3 };

export const digitsOf = (text) => text.replaceAll(/\D/g, "");
export const brandOf = (number) => BRANDS.find((brand) => brand.starts.test(number)) ?? OTHER;

/** "4242424242424242" → "4242 4242 4242 4242". */
export function spaced(number) {
  const parts = [];
  let rest = number;
  for (const size of brandOf(number).groups) {
    parts.push(rest.slice(0, size));
    rest = rest.slice(size);
  }
  return [...parts, rest].filter(Boolean).join(" ");
}

/** Formats an input while it is typed in, keeping the caret behind the same digit. */
export function formatWhileTyping(input, digitsMax, layout) {
  input.addEventListener("input", () => {
    const before = digitsOf(input.value.slice(0, input.selectionStart ?? input.value.length)).length;
    const atEnd = (input.selectionStart ?? 0) >= input.value.length;
    input.value = layout(digitsOf(input.value).slice(0, digitsMax));
    const caret = atEnd ? input.value.length : placeAfter(input.value, before);
    input.setSelectionRange(caret, caret);
  });
}

function placeAfter(text, digits) {
  let seen = 0;
  let at = 0;
  while (at < text.length && seen < digits) {
    if (/\d/.test(text[at])) seen += 1;
    at += 1;
  }
  return at;
}

/** "1234" → "12 / 34", "7" → "07 / ". */
export function expiryLayout(digits) {
  const month = /^[2-9]/.test(digits) ? `0${digits}` : digits;
  return month.length > 2 ? `${month.slice(0, 2)} / ${month.slice(2, 4)}` : month;
}

/** What is wrong with the number, or "". */
export function numberFlaw(text) {
  const number = digitsOf(text);
  if (number === "") return "Enter the card number.";
  if (!brandOf(number).lengths.includes(number.length)) return "This card number is incomplete.";
  return luhn(number) ? "" : "This card number is not valid. Check the digits.";
}

export function expiryFlaw(text, now) {
  const digits = digitsOf(text);
  if (digits === "") return "Enter the expiry date.";
  if (digits.length !== 4) return "Enter month and year, as in 12 / 34.";
  const month = Number(digits.slice(0, 2));
  if (month < 1 || month > 12) return "There is no such month.";
  // A card is good to the end of its month.
  const end = new Date(Date.UTC(2000 + Number(digits.slice(2)), month, 1));
  return end > now ? "" : "This card has expired.";
}

export function codeFlaw(text, number) {
  const { code } = brandOf(digitsOf(number));
  if (text === "") return "Enter the code.";
  return new RegExp(`^\\d{${code}}$`).test(text) ? "" : `The code has ${code} digits.`;
}

function luhn(number) {
  const sum = Array.from(number, Number).reverse().reduce((total, digit, at) => {
    const doubled = at % 2 === 1 ? digit * 2 : digit;
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}
