import { EnvError, parseEnv } from "@gpt-agent/core/env";
import { type Finding, fail, ok, warn } from "./finding.ts";

type Env = Record<string, string>;

const MAKE = "node -e \"console.log(require('crypto').randomBytes(32).toString('base64'))\"";
const bytesOf = (text: string) => text.split(",").map((part) => Buffer.from(part.includes(":") ? part.split(":", 2)[1]! : part, "base64"));

/** A key that somebody typed or copied from an example: few different bytes, or text. */
function isWeak(key: Buffer): boolean {
  return new Set(key).size < 16 || /^[\x20-\x7e]+$/.test(key.toString("latin1"));
}

/** The role that an old-style API key (a JWT) is for; null for anything else. */
function roleOfJwt(key: string): string | null {
  try {
    return (JSON.parse(Buffer.from(key.split(".")[1] ?? "", "base64url").toString()) as { role?: string }).role ?? null;
  } catch {
    return null;
  }
}

/** Is each process's environment whole? */
export function checkEnvironment(env: Env): Finding[] {
  const problems = (["portal", "worker"] as const).flatMap((name) => {
    try {
      parseEnv(name, env);
      return [];
    } catch (error) {
      if (!(error instanceof EnvError)) throw error;
      return error.message
        .split("\n")
        .filter((line) => line.startsWith("  "))
        .map((line) => line.trim());
    }
  });
  if (problems.length === 0) return [ok("settings", "Portal and worker have all settings that they need.")];
  return [...new Set(problems)].map((problem) => fail("settings", problem, "Set it; docs/SECRETS.md says how."));
}

/** Are the keys of the right kind, each in its place, and strong? */
export function checkKeys(env: Env): Finding[] {
  const found: Finding[] = [];
  const { SUPABASE_PUBLISHABLE_KEY: publishable = "", SUPABASE_SECRET_KEY: secret = "" } = env;
  if (/^sb_secret_/.test(publishable) || roleOfJwt(publishable) === "service_role")
    found.push(
      fail(
        "keys",
        "SUPABASE_PUBLISHABLE_KEY holds the secret key.",
        "Put the publishable key there (sb_publishable_…), and make a new secret key: this one may have been shown.",
      ),
    );
  if (/^sb_publishable_/.test(secret) || roleOfJwt(secret) === "anon")
    found.push(
      fail(
        "keys",
        "SUPABASE_SECRET_KEY holds a publishable key.",
        "Put the secret key there (sb_secret_…), from Project settings → API keys.",
      ),
    );
  for (const name of ["ENCRYPTION_KEY", "BACKUP_KEY"]) {
    if (env[name] && bytesOf(env[name]).some(isWeak)) found.push(fail("keys", `${name} is not random.`, `Make a new one: ${MAKE}`));
  }
  if (
    env.BACKUP_KEY &&
    env.ENCRYPTION_KEY &&
    bytesOf(env.BACKUP_KEY).some((key) => bytesOf(env.ENCRYPTION_KEY!).some((other) => key.equals(other)))
  )
    found.push(
      warn(
        "keys",
        "BACKUP_KEY and ENCRYPTION_KEY are the same key: whoever opens a backup opens its secrets too.",
        `Make a key for backups alone: ${MAKE}`,
      ),
    );
  return found.length > 0 ? found : [ok("keys", "The keys are of the right kind and strong.")];
}

/** Is the public address one that cookies and browsers trust? */
export function checkAppUrl(env: Env): Finding[] {
  const url = env.APP_URL && URL.canParse(env.APP_URL) ? new URL(env.APP_URL) : null;
  if (!url) return [];
  const isLocal = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  if (url.protocol === "https:" || isLocal) return [ok("address", `The portal's address is ${url.origin}.`)];
  return [
    fail(
      "address",
      `APP_URL is ${url.origin}: without https anybody on the way reads sessions.`,
      "Put a proxy with a certificate in front, and set APP_URL to its https address.",
    ),
  ];
}
