import { serviceDb, userDb } from "@gpt-agent/core/db";
import {
  askDatabase,
  checkBackups,
  checkBucket,
  checkClock,
  checkMigrations,
  checkPublishableKey,
  checkRowLevelSecurity,
  checkSealed,
  checkWorker,
  noDatabase,
} from "./check-database.ts";
import { checkEmbeddings, checkMail, checkModel, checkReachable } from "./check-outside.ts";
import { checkRedis } from "./check-redis.ts";
import { checkServer } from "./check-server.ts";
import { checkAppUrl, checkEnvironment, checkKeys } from "./check-settings.ts";
import { type Finding, fail, ok, wordsOf } from "./finding.ts";

/**
 * Looks at an installation from where its processes run. Changes nothing and costs nothing.
 * @param env the environment of portal and worker together
 * @param clock this machine's time in milliseconds
 */
export async function examine(env: Record<string, string>, clock: () => number = Date.now): Promise<Finding[]> {
  const parts: [string, () => Finding[] | Promise<Finding[]>][] = [
    ["settings", () => checkEnvironment(isOwnAndDown(env) ? { ...env, SUPABASE_URL: "http://127.0.0.1" } : env)],
    ["keys", () => checkKeys(env)],
    ["address", () => checkAppUrl(env)],
    ["database", () => checkDatabase(env, clock)],
    ["redis", () => checkRedis(env.REDIS_URL)],
    ["portal", () => checkReachable(env)],
    ["model", () => checkModel(env)],
    ["embeddings", () => checkEmbeddings(env)],
    ["mail", () => checkMail(env)],
  ];
  const findings = await Promise.all(
    parts.map(async ([name, check]) => {
      try {
        return await check();
      } catch (error) {
        return [
          fail(
            name,
            `This could not be looked at: ${wordsOf(error)}`,
            "Mend what the other findings say first, then run the doctor again.",
          ),
        ];
      }
    }),
  );
  return findings.flat();
}

/** Our own backend, whose address `npm start` chooses, does not run: its database server can be looked at all the same. */
const isOwnAndDown = (env: Record<string, string>) => Boolean(env.BACKEND_DATABASE_URL) && !env.SUPABASE_URL;

async function checkDatabase(env: Record<string, string>, clock: () => number): Promise<Finding[]> {
  const [server, platform] = await Promise.all([checkServer(env, clock), checkThroughPlatform(env, clock)]);
  return [...platform.findings, ...server.findings, ...(platform.answers ? [] : server.instead)];
}

async function checkThroughPlatform(env: Record<string, string>, clock: () => number): Promise<{ answers: boolean; findings: Finding[] }> {
  const { SUPABASE_URL: url, SUPABASE_PUBLISHABLE_KEY: publishableKey, SUPABASE_SECRET_KEY: secretKey } = env;
  if (isOwnAndDown(env))
    return {
      answers: false,
      findings: [fail("database", "The platform is not running.", "Mend what is said of its server, then start it: npm start.")],
    };
  if (!url || !publishableKey || !secretKey) return { answers: false, findings: [noDatabase()] };
  const answer = await askDatabase(serviceDb({ url, publishableKey, secretKey }), clock);
  if ("check" in answer) return { answers: false, findings: [answer] };
  const { facts, skewMs } = answer;
  const ids = (env.ENCRYPTION_KEY ?? "").split(",").map((part) => (part.includes(":") ? part.trim().split(":", 1)[0]! : "1"));
  const findings = [
    ok("database", `Postgres ${facts.server} answers.`),
    checkClock(skewMs),
    checkMigrations(facts.migrations),
    checkRowLevelSecurity(facts),
    await checkPublishableKey(userDb({ url, publishableKey, secretKey: "" }, publishableKey)),
    checkBucket(facts),
    checkWorker(facts),
    checkSealed(facts, ids),
    checkBackups(facts, env, clock()),
  ];
  return { answers: true, findings };
}
