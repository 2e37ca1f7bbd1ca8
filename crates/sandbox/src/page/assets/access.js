// What a purchase opened: benefits, and meters with what is left of them.

import { element } from "./dom.js";
import { date } from "./money.js";
import { facts } from "./subscriptions.js";

const MOST = 100;

const KINDS = {
  custom: "Benefit",
  license_keys: "Licence key",
  meter_credit: "Credits",
  feature_flag: "Feature",
  downloadables: "Downloads",
  discord: "Discord",
  github_repository: "GitHub repository",
};

export async function drawBenefits(portal, place) {
  const { items } = await portal.call("GET", `/benefit-grants/?limit=${MOST}`);
  const cards = items.map(benefitCard);
  place.replaceChildren(...(cards.length > 0 ? cards : [element("p", { class: "card muted" }, "No benefits yet.")]));
}

function benefitCard(grant) {
  const { benefit } = grant;
  const [word, tone] = grant.is_granted ? ["Granted", "good"] : grant.is_revoked ? ["Ended", ""] : grant.error ? ["Failed", "danger"] : ["On its way", "warn"];
  const note = benefit.type === "custom" ? benefit.properties?.note : null;
  const since = grant.is_granted ? grant.granted_at : grant.revoked_at;
  return element(
    "article",
    { class: "card row", "data-grant": grant.id },
    element("div", { class: "title" }, element("h3", {}, benefit.description), element("span", { class: `badge ${tone}` }, word)),
    note ? element("p", {}, note) : null,
    element("p", { class: "muted small" }, [KINDS[benefit.type] ?? benefit.type, since && `since ${date(since)}`].filter(Boolean).join(" · ")),
  );
}

export async function drawMeters(portal, place) {
  const { items } = await portal.call("GET", `/meters/?limit=${MOST}`);
  const cards = items.map(meterCard);
  place.replaceChildren(...(cards.length > 0 ? cards : [element("p", { class: "card muted" }, "Nothing you have is measured.")]));
}

function meterCard({ id, meter, consumed_units: used, credited_units: credited, balance }) {
  const number = (value) => new Intl.NumberFormat().format(value);
  const left = Math.max(0, Number(balance));
  return element(
    "article",
    { class: "card row", "data-meter": id },
    element("h3", {}, meter.name),
    credited > 0 ? element("meter", { min: 0, max: credited, value: Math.min(left, credited), "aria-label": `${meter.name}: ${number(left)} of ${number(credited)} left` }) : null,
    facts([["Used", number(used)], ["Included", credited > 0 ? number(credited) : null], ["Balance", number(balance)]]),
  );
}
