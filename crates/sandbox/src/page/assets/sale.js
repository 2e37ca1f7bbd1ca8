// What becomes of a sale, as the server tells it: paid, written down, and known to the seller.

import { wait } from "./dom.js";

/** A page that cannot listen goes on without. */
const CONNECT_MS = 2000;

/** What must have happened, each with its own word for "done". */
const STEPS = {
  "checkout.updated": ({ status }) => status === "succeeded",
  "checkout.order_created": () => true,
  "checkout.webhook_event_delivered": ({ status }) => status === "succeeded",
};

export class Sale {
  #open = new Set(Object.keys(STEPS));
  #known;
  #source;
  /** When it listens, or has tried for long enough. */
  ready;

  constructor(secret) {
    this.#source = new EventSource(`/v1/checkouts/client/${encodeURIComponent(secret)}/stream`);
    const open = new Promise((resolve) => this.#source.addEventListener("open", resolve, { once: true }));
    this.ready = Promise.race([open, wait(CONNECT_MS)]);
    this.#known = new Promise((resolve) => {
      this.#source.addEventListener("message", ({ data }) => this.#hear(data) && resolve(true));
    });
  }

  /** Whether everything has happened by then; Polar waits as long, and asks the same. */
  async isKnown(deadline) {
    const known = await Promise.race([this.#known, wait(Math.max(0, deadline - Date.now())).then(() => false)]);
    this.#source.close();
    return known;
  }

  /** True once nothing is open any more. */
  #hear(data) {
    const { key, payload } = JSON.parse(data);
    if (STEPS[key]?.(payload)) this.#open.delete(key);
    return this.#open.size === 0;
  }
}
