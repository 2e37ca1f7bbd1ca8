// The customer portal: opens with a session's token, shows what the customer has, lets them change it.

import { drawBenefits, drawMeters } from "./access.js";
import { Refused, call } from "./api.js";
import { byId, element, initial, notice, say, show, webAddress, write } from "./dom.js";
import { drawLicenses } from "./licenses.js";
import { forget, recall, remember } from "./memory.js";
import { drawOrders } from "./orders.js";
import { drawSubscriptions } from "./subscriptions.js";

const slug = decodeURIComponent(location.pathname.split("/")[1] ?? "");
const key = `polarkit.portal.${slug}`;

/** Moves the token from the address bar, where it could be copied or photographed, to this tab's memory. */
function takeToken() {
  const url = new URL(location.href);
  const given = url.searchParams.get("customer_session_token") ?? url.searchParams.get("member_session_token");
  if (given) remember(key, given);
  for (const name of ["customer_session_token", "member_session_token", "email"]) url.searchParams.delete(name);
  history.replaceState(null, "", url);
  return recall(key);
}

async function start() {
  const token = takeToken();
  const organization = await named();
  if (!organization) return;
  if (!token) return locked("Open this page with the link from the shop or from your receipt.");
  const portal = { token, call: (method, path, body) => call(method, `/v1/customer-portal${path}`, { body, token }), say, refresh };
  try {
    const [session, me] = await Promise.all([portal.call("GET", "/customer-session/introspect"), portal.call("GET", "/customers/me")]);
    greet(me, session.return_url);
  } catch (error) {
    return refused(error);
  }
  await refresh(portal);
  byId("portal").setAttribute("aria-busy", "false");
}

async function named() {
  try {
    const { organization } = await call("GET", `/v1/customer-portal/organizations/${encodeURIComponent(slug)}`);
    document.title = `Your purchases · ${organization.name}`;
    write("seller", organization.name);
    write("seller-mark", initial(organization.name));
    return organization;
  } catch (error) {
    if (error instanceof Refused && error.status === 404) notice({ title: "There is no such shop", text: "Check the address.", mark: "?" });
    else notice({ title: "The portal cannot be loaded", text: error.message, mark: "!" });
    return null;
  }
}

function greet(me, back) {
  write("customer", me.name && me.email ? `${me.name} · ${me.email}` : (me.name ?? me.email ?? ""));
  const address = back ? webAddress(back) : null;
  show("return", address !== null);
  if (address) byId("return").href = address.href;
}

/** Every section on its own: one that cannot be shown does not take the others with it. */
async function refresh(portal) {
  const sections = [
    ["subscriptions", drawSubscriptions],
    ["licenses", drawLicenses],
    ["benefits", drawBenefits],
    ["meters", drawMeters],
    ["orders", drawOrders],
  ];
  await Promise.all(
    sections.map(async ([id, draw]) => {
      try {
        await draw(portal, byId(id));
      } catch (error) {
        if (error instanceof Refused && error.status === 401) refused(error);
        else byId(id).replaceChildren(element("p", { class: "card muted" }, `This cannot be shown now. ${error.message}`));
      }
    }),
  );
}

function refused(error) {
  if (error instanceof Refused && (error.status === 401 || error.status === 403)) {
    forget(key);
    locked("For your safety a portal link is good for one hour. Ask the shop for a new one.");
  } else {
    notice({ title: "The portal cannot be loaded", text: error.message, mark: "!" });
  }
}

const locked = (text) => notice({ title: "Your session has ended", text, mark: "!" });

start();
