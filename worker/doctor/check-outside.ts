import { lookup } from "node:dns/promises";
import { createEmbedder } from "@gpt-agent/core/llm/embed";
import { SmtpMailer } from "@gpt-agent/core/mail/smtp";
import { isPublicAddress } from "@gpt-agent/core/public-address";
import { type Finding, fail, off, ok, warn, wordsOf } from "./finding.ts";

type Env = Record<string, string>;
const TIMEOUT_MS = 10_000;

/** Does the portal answer at the address that visitors, CRMs' webhooks and links in e-mails use? */
export async function checkReachable(env: Env): Promise<Finding[]> {
  if (!env.APP_URL || !URL.canParse(env.APP_URL)) return [];
  const url = new URL("/api/health", env.APP_URL);
  const found: Finding[] = [];
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "manual" });
    const body = await response.text();
    if (response.status >= 300 && response.status < 400)
      found.push(
        fail(
          "portal",
          `${url.origin} sends elsewhere (${response.status} to ${response.headers.get("location")}): webhooks do not follow.`,
          "Set APP_URL to the address that answers itself.",
        ),
      );
    else if (response.ok && /"status"/.test(body)) found.push(ok("portal", `It answers at ${url.origin}.`));
    else if (response.ok)
      found.push(
        fail(
          "portal",
          `Something else than the portal answers at ${url.origin}.`,
          "Is APP_URL right, and does the proxy lead to the portal?",
        ),
      );
    else
      found.push(
        fail("portal", `It answers ${response.status} at ${url.href}.`, "Look at the portal's log; its /api/health says what is missing."),
      );
  } catch (error) {
    found.push(
      fail(
        "portal",
        `Nothing answers at ${url.origin}: ${wordsOf(error)}`,
        "Start the portal; check the name's DNS record, the certificate and the firewall.",
      ),
    );
  }
  return [...found, ...(await checkPublic(url.hostname))];
}

/** Webhooks of CRMs and visitors come from the internet. */
async function checkPublic(host: string): Promise<Finding[]> {
  const addresses = await lookup(host, { all: true }).catch(() => []);
  if (addresses.length === 0 || addresses.every(({ address }) => isPublicAddress(address))) return [];
  return [
    warn(
      "webhooks",
      `${host} is an address of this machine or network: visitors elsewhere and CRMs' webhooks cannot reach it.`,
      "Fine for trying out. For others set APP_URL to a public address.",
    ),
  ];
}

/** May the model be used? Nothing is generated, so it costs nothing. */
export async function checkModel(env: Env): Promise<Finding[]> {
  const key = env.LLM_API_KEY ?? env.OPENROUTER_API_KEY;
  const base = (env.LLM_BASE_URL ?? "https://openrouter.ai/api/v1").replace(/\/$/, "");
  if (!key) return [off("model", "No key is set: agents answer with quotes from their knowledge.")];
  // OpenRouter lists its models to everybody; its /key tells whether the key is known.
  const url = `${base}${new URL(base).hostname.endsWith("openrouter.ai") ? "/key" : "/models"}`;
  try {
    const response = await fetch(url, { headers: { authorization: `Bearer ${key}` }, signal: AbortSignal.timeout(TIMEOUT_MS) });
    await response.body?.cancel();
    if (response.ok) return [ok("model", `${new URL(base).host} takes the key.`)];
    if (response.status === 401 || response.status === 403)
      return [
        fail(
          "model",
          `${new URL(base).host} refuses the key (${response.status}): agents answer with quotes only.`,
          "Make a new key there, and set LLM_API_KEY on the portal.",
        ),
      ];
    if (response.status === 404)
      return [
        warn("model", `${new URL(base).host} has no list of models; whether it takes the key was not tried.`, "Ask an agent something."),
      ];
    return [
      fail("model", `${new URL(base).host} answers ${response.status}.`, "Look at the provider's status page; is there credit left?"),
    ];
  } catch (error) {
    return [
      fail("model", `${new URL(base).host} does not answer: ${wordsOf(error)}`, "Is LLM_BASE_URL right, and may this machine reach it?"),
    ];
  }
}

export async function checkEmbeddings(env: Env): Promise<Finding[]> {
  const embedder = createEmbedder(env, { retries: 0, timeoutMs: TIMEOUT_MS });
  if (!embedder) return [off("embeddings", "Not in use: search is by words.")];
  try {
    const [vector] = await embedder.embed(["ping"], AbortSignal.timeout(TIMEOUT_MS));
    return [ok("embeddings", `${embedder.model} makes vectors of ${vector?.length} dimensions.`)];
  } catch (error) {
    return [
      fail(
        "embeddings",
        `${embedder.model} makes none: ${wordsOf(error)}`,
        "Check EMBEDDINGS_API_KEY, EMBEDDINGS_BASE_URL and EMBEDDINGS_MODEL. Search by words goes on meanwhile.",
      ),
    ];
  }
}

/** Does the mail server take us? Nothing is sent. */
export async function checkMail(env: Env): Promise<Finding[]> {
  if (!env.SMTP_URL)
    return env.MAILBOX_FOLDER
      ? [off("mail", "Mails are kept in the mailbox page; set SMTP_URL to send them.")]
      : [
          warn(
            "mail",
            "SMTP_URL is not set: admins are not told when a webhook endpoint is switched off.",
            "Set it on the worker: smtp://user:password@host:587?from=address.",
          ),
        ];
  try {
    await new SmtpMailer(env.SMTP_URL).check();
    return [ok("mail", `${new URL(env.SMTP_URL).hostname} takes our mails.`)];
  } catch (error) {
    return [
      fail(
        "mail",
        `${URL.canParse(env.SMTP_URL) ? new URL(env.SMTP_URL).hostname : "The mail server"} does not take our mails: ${wordsOf(error)}`,
        "Check user, password and port in SMTP_URL (587 for smtp://, 465 for smtps://).",
      ),
    ];
  }
}
