// One checkout session as the server holds it. Calls go one after another: the server refuses concurrent writers.

import { call } from "./api.js";

export class Session {
  #path;
  #queue = Promise.resolve();
  #listener = () => {};
  current = null;
  waiting = 0;

  constructor(secret) {
    this.#path = `/v1/checkouts/client/${encodeURIComponent(secret)}`;
  }

  /** `listener` hears of every change, and of every call that begins or ends. */
  watch(listener) {
    this.#listener = listener;
  }

  load() {
    return this.#next("GET", "");
  }

  patch(fields) {
    return this.#next("PATCH", "", fields);
  }

  confirm(fields) {
    return this.#next("POST", "/confirm", fields);
  }

  /** When every call made so far has its answer. */
  idle() {
    return this.#queue;
  }

  #next(method, tail, body) {
    const turn = this.#queue.then(() => this.#send(method, tail, body));
    this.#queue = turn.catch(() => {}); // a refusal is its caller's affair, the next call goes on
    return turn;
  }

  async #send(method, tail, body) {
    this.waiting += 1;
    this.#listener(this);
    try {
      this.current = await call(method, this.#path + tail, { body });
      return this.current;
    } finally {
      this.waiting -= 1;
      this.#listener(this);
    }
  }
}
