// Other implementations in JavaScript, asked as `others.py` is: `others.mjs FOLDER standardwebhooks|polar-sdk`,
// where FOLDER is the one that holds node_modules.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [folder, name] = process.argv.slice(2);
const require = createRequire(`${folder}/package.json`);
const load = async (module) => import(pathToFileURL(require.resolve(module)));

async function standardwebhooks() {
  const { Webhook, WebhookVerificationError } = require("standardwebhooks");
  return {
    sign: ({ secret, id, timestamp, body }) => new Webhook(secret).sign(id, new Date(timestamp * 1000), body),
    verify: ({ secret, headers, body }) => void new Webhook(secret).verify(body, headers),
    unverified: (error) => error instanceof WebhookVerificationError,
  };
}

async function polarSdk() {
  const { version } = JSON.parse(readFileSync(`${folder}/node_modules/@polar-sh/sdk/package.json`));
  const major = Number(version.split(".")[0]);
  const sdk = await load(major >= 1 ? "@polar-sh/sdk/2026-10" : "@polar-sh/sdk/webhooks");
  const validate = sdk.validateEvent ?? sdk.webhooks.validateEvent;
  return {
    verify: async ({ secret, headers, body }) => (await validate(body, headers, secret)).type,
    unverified: (error) => /WebhookVerificationError$/.test(error.name) || /WebhookVerificationError$/.test(error.constructor.name),
  };
}

const { sign, verify, unverified } = await { standardwebhooks, "polar-sdk": polarSdk }[name]();
for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  let answer;
  if (question.sign) answer = { signature: sign(question.sign) };
  else {
    try {
      answer = { accepted: true, read: await verify(question.verify) };
    } catch (error) {
      answer = unverified(error) ? { accepted: false, why: error.message } : { accepted: true, unread: error.constructor.name };
    }
  }
  console.log(JSON.stringify(answer));
}
