// The composition root: every client the portal uses is made here, once, from the environment.
import { serviceDb } from "@gpt-agent/core/db";
import { readEnv } from "@gpt-agent/core/env";
import { createLog } from "@gpt-agent/core/log";

export const env = readEnv("portal");
export const log = createLog(env.LOG_LEVEL, { process: "portal" });
export const dbConfig = { url: env.SUPABASE_URL, publishableKey: env.SUPABASE_PUBLISHABLE_KEY, secretKey: env.SUPABASE_SECRET_KEY };
/** Past RLS: for the visitor API alone, whose callers are not Supabase users. Behind login it is always userDb. */
export const service = serviceDb(dbConfig);
