// The shop's page. It knows only its own server (/shop/api); keys and the gateway stay behind that.

const POLL_MS = 1000;
const GIVE_UP_MS = 15000;
const at = (id) => document.getElementById(id);
let known = new Set();
let awaited = null;

start();

async function start() {
  greet();
  at("use").addEventListener("submit", (event) => submit(event, spend));
  at("license").addEventListener("submit", (event) => submit(event, validate));
  at("portal").addEventListener("click", (event) => busy(event.currentTarget, openPortal));
  at("month").addEventListener("click", (event) => busy(event.currentTarget, skipMonth));
  await Promise.allSettled([showProducts(), showAccount()]);
  setInterval(() => document.hidden || showAccount(), POLL_MS);
}

// --- what is on the shelf ---

async function showProducts() {
  let products;
  try {
    ({ products } = await ask("GET", "products"));
  } catch (error) {
    at("product-list").replaceChildren(element("li", "card waiting", error.message));
    return;
  } finally {
    at("product-list").setAttribute("aria-busy", "false");
  }
  at("product-list").replaceChildren(...products.map(productCard));
}

function productCard(product) {
  const card = element("li", "card product");
  card.dataset.product = product.id;
  const price = element("p", "price", product.price);
  if (product.per) price.append(" ", element("small", "", product.per));
  const parts = [element("h3", "", product.name), price];
  if (product.description) parts.push(element("p", "what", product.description));
  if (product.benefits.length) parts.push(list(product.benefits.map((text) => element("li", "", text))));
  const buy = element("button", "button primary", "Buy");
  buy.type = "button";
  buy.setAttribute("aria-label", `Buy ${product.name}`);
  buy.addEventListener("click", () => busy(buy, () => purchase(product)));
  parts.push(buy);
  card.append(...parts);
  return card;
}

async function purchase(product) {
  const { url } = await ask("POST", "buy", { product: product.id });
  location.assign(url);
}

// --- what the customer has: asked again and again, so that a webhook's effect shows by itself ---

async function showAccount() {
  let account;
  try {
    account = await ask("GET", "account");
  } catch (error) {
    at("access").replaceChildren(element("p", "muted small", error.message));
    return;
  }
  at("access").setAttribute("aria-busy", "false");
  showGrants(account.grants);
  showBalances(account.balances);
  at("now").textContent = new Date(account.now).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" }) + " UTC";
  at("now").dateTime = account.now;
  const licensed = account.grants.find((grant) => grant.license_key);
  if (licensed && !at("key").value) at("key").value = licensed.license_key;
  for (const card of document.querySelectorAll("[data-product]"))
    card.classList.toggle("owned", account.grants.some((grant) => grant.product === card.dataset.product));
  if (awaited && account.grants.length) thank();
}

function showGrants(grants) {
  const shown = JSON.stringify(grants);
  if (at("access").dataset.shown === shown) return;
  at("access").dataset.shown = shown;
  if (!grants.length) {
    at("access").replaceChildren(element("p", "muted small", "Nothing yet. What you buy appears here by itself."));
  } else {
    at("access").replaceChildren(list(grants.map(grantLine), "grants"));
  }
  known = new Set(grants.map((grant) => grant.key));
}

function grantLine(grant) {
  const line = element("li", [grant.ends ? "ending" : "", known.has(grant.key) ? "" : "fresh"].join(" ").trim());
  const name = element("p", "name", grant.name);
  name.append(element("span", grant.ends ? "badge warn" : "badge good", grant.ends ? "ends" : grant.state));
  line.append(name, element("p", "muted small", grant.reason));
  if (grant.license_key) line.append(element("span", "key", grant.license_key));
  return line;
}

function showBalances(balances) {
  const shown = JSON.stringify(balances);
  if (at("balances").dataset.shown === shown) return;
  at("balances").dataset.shown = shown;
  if (!balances.length) {
    at("balances").replaceChildren(element("p", "muted small", "No meter yet: buy the metered plan, or spend a unit."));
    return;
  }
  at("balances").replaceChildren(...balances.map((balance) => {
    const line = element("p", "balance", balance.meter);
    const units = element("strong", "", Math.abs(balance.units).toLocaleString("en"));
    units.append(" ", element("small", "muted small", balance.units < 0 ? "to pay for" : "left"));
    line.append(units);
    return line;
  }));
}

// --- what the customer does ---

async function spend(form) {
  const units = Number(form.elements.units.value);
  await ask("POST", "use", { units });
  await showAccount();
  say(`${units} ${units === 1 ? "unit" : "units"} spent.`);
}

async function validate(form) {
  const answer = at("license-answer");
  answer.className = "message";
  answer.textContent = "";
  const { valid, text } = await ask("POST", "license", { key: form.elements.key.value.trim() });
  answer.className = `message ${valid ? "good" : "bad"}`;
  answer.textContent = text;
}

async function openPortal() {
  const { url } = await ask("POST", "portal", {});
  location.assign(url);
}

async function skipMonth() {
  await ask("POST", "month", {});
  await showAccount();
  say("A month has passed.");
}

// --- after the checkout ---

function greet() {
  if (!new URLSearchParams(location.search).has("checkout")) return;
  history.replaceState(null, "", location.pathname);
  say("Thank you! Waiting for the webhook…");
  awaited = setTimeout(() => {
    awaited = null;
    say("The payment went through, but no webhook has arrived yet. Access appears here when it does.");
  }, GIVE_UP_MS);
}

function thank() {
  clearTimeout(awaited);
  awaited = null;
  say("Thank you! The webhook arrived and your access is live.");
}

// --- small parts ---

async function ask(method, path, body) {
  let response;
  try {
    response = await fetch(`/shop/api/${path}`, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Error("The shop's server does not answer. Is polarkit dev still running?");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.detail ?? `The shop's server answered ${response.status}.`);
  return answer;
}

function submit(event, action) {
  event.preventDefault();
  busy(event.submitter ?? event.target, () => action(event.target));
}

async function busy(button, action) {
  button.disabled = true;
  try {
    await action();
  } catch (error) {
    say(error.message, true);
  } finally {
    button.disabled = false;
  }
}

function say(text, bad = false) {
  at("notice").textContent = text;
  at("notice").classList.toggle("bad", bad);
  at("notice").hidden = false;
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function list(items, className) {
  const made = element("ul", className);
  made.append(...items);
  return made;
}
