// The bank's question. In the sandbox the reader is the bank.

import { Refused, call } from "./api.js";
import { byId, write } from "./dom.js";
import { format } from "./money.js";

/** Asks, and tells the sandbox the answer. What comes of it is read from the session, as ever. */
export async function challenge(checkout) {
  const amount = format(checkout.total_amount, checkout.currency);
  write("challenge-text", `${checkout.organization.name} asks for ${amount}.`);
  const outcome = await answer(byId("challenge"));
  try {
    await call("POST", `/sandbox/checkouts/${checkout.id}/challenge`, { body: { outcome } });
  } catch (error) {
    if (error instanceof Refused && error.status === 409) return; // answered already, in another window
    throw new Error(`The simulated bank did not take the answer. ${error.message}`, { cause: error });
  }
}

function answer(dialog) {
  return new Promise((resolve) => {
    const end = (outcome) => () => {
      dialog.close();
      resolve(outcome);
    };
    byId("challenge-complete").onclick = end("succeeded");
    byId("challenge-fail").onclick = end("failed");
    dialog.oncancel = (event) => {
      event.preventDefault(); // Escape is an answer too: the buyer gave up
      end("failed")();
    };
    dialog.showModal();
  });
}
