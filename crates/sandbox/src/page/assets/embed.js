// A checkout inside another site's frame tells its parent what happens. Only the origin it was opened for hears it.

import { webAddress } from "./dom.js";

const query = new URLSearchParams(location.search);
const origin = webAddress(query.get("embed_origin") ?? "")?.origin ?? null;

export const embedded = query.get("embed") === "true" && origin !== null && window.parent !== window;

export function tell(event, details = {}) {
  if (embedded) window.parent.postMessage({ type: "POLAR_CHECKOUT", event, ...details }, origin);
}

/** Marks one of our own addresses as embedded too, so that it may be shown in the same frame. */
export function stay(url) {
  for (const name of ["embed", "embed_origin", "theme"]) {
    if (embedded && query.has(name)) url.searchParams.set(name, query.get(name));
  }
}

/** The look that the parent asked for. */
export function dress() {
  const theme = query.get("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}
