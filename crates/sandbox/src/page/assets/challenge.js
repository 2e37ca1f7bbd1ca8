// The bank's question. In the sandbox the reader is the bank.

import { call } from "./api.js";
import { byId, write } from "./dom.js";
import { format } from "./money.js";

/** Asks, tells the sandbox the answer, and gives it back: "succeeded" or "failed". */
export async function challenge(checkout) {
  const amount = format(checkout.total_amount, checkout.currency);
  write("challenge-text", `${checkout.organization.name} asks for ${amount}.`);
  const outcome = await answer(byId("challenge"));
  await call("POST", `/sandbox/checkouts/${checkout.id}/challenge`, { body: { outcome } });
  return outcome;
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
