import { z } from "zod";
import { isAddressRange } from "./public-address.ts";
import { neverTell } from "./redact.ts";

/** Exit status for a configuration error (EX_CONFIG of BSD's sysexits.h). */
export const EX_CONFIG = 78;

const url = (what: string) => z.url({ protocol: /^https?$/, error: `must be ${what}, such as https://example.com` });
const port = z.coerce.number({ error: "must be a port number, such as 3000" }).int().min(0).max(65535);

/** `id:base64key` pairs; a single bare key gets the id "1". The first seals, all open. */
const encryptionKeys = z
  .string({
    error:
      "must be 32 random bytes in base64, or several as id:key,id:key. Make one with: node -e \"console.log(require('crypto').randomBytes(32).toString('base64'))\"",
  })
  .transform((text, context) => {
    const keys = text.split(",").map((part) => {
      const [id, key] = part.includes(":") ? (part.trim().split(":", 2) as [string, string]) : ["1", part.trim()];
      return { id, key: Buffer.from(key, "base64") };
    });
    if (keys.some(({ id, key }) => !/^[\w-]{1,32}$/.test(id) || key.length !== 32)) {
      context.addIssue({ code: "custom", message: "each key must be 32 bytes in base64, optionally as id:key" });
      return z.NEVER;
    }
    return keys;
  });

/** Exact web origins, separated by commas: "http://erp.internal:8080,https://10.0.0.7". */
const origins = z
  .string()
  .transform((text) =>
    text
      .split(",")
      .map((part) => part.trim())
      .filter(Boolean),
  )
  .refine(
    (list) =>
      list.every(
        (item) => URL.canParse(item) && /^https?:$/.test(new URL(item).protocol) && new URL(item).href === `${new URL(item).origin}/`,
      ),
    {
      error: "must be web origins without a path, separated by commas, such as http://erp.internal:8080",
    },
  );

/** "1", or "10.0.0.0/8, 2001:db8::/32, 192.0.2.7". */
const trustedProxies = z
  .string()
  .default("0")
  .transform((text, context): number | string[] => {
    if (/^(\d|10)$/.test(text.trim())) return Number(text);
    const ranges = text.split(",").map((part) => part.trim());
    if (ranges.every(isAddressRange)) return ranges;
    context.addIssue({
      code: "custom",
      message: "must be a number of proxies from 0 to 10, or their addresses, such as 10.0.0.0/8, 192.0.2.7",
    });
    return z.NEVER;
  });

const crmVariable = z.string().trim().min(1).max(500).optional();
/** The platform's registrations with CRMs (docs/SECRETS.md), and origins in place of their own hosts, for tests and proxies. */
const crm = {
  HUBSPOT_CLIENT_ID: crmVariable,
  HUBSPOT_CLIENT_SECRET: crmVariable,
  HUBSPOT_URL: url("an address in place of HubSpot's").optional(),
  SALESFORCE_CLIENT_ID: crmVariable,
  SALESFORCE_CLIENT_SECRET: crmVariable,
  SALESFORCE_URL: url("an address in place of Salesforce's").optional(),
  PIPEDRIVE_CLIENT_ID: crmVariable,
  PIPEDRIVE_CLIENT_SECRET: crmVariable,
  PIPEDRIVE_URL: url("an address in place of Pipedrive's").optional(),
  /** amocrm.ru and kommo.com are registered with apart, and share one address for tests. */
  AMOCRM_CLIENT_ID: crmVariable,
  AMOCRM_CLIENT_SECRET: crmVariable,
  AMOCRM_URL: url("an address in place of amoCRM's and Kommo's").optional(),
  KOMMO_CLIENT_ID: crmVariable,
  KOMMO_CLIENT_SECRET: crmVariable,
  BITRIX24_CLIENT_ID: crmVariable,
  BITRIX24_CLIENT_SECRET: crmVariable,
  BITRIX24_URL: url("an address in place of Bitrix24's").optional(),
};

/** Of an id and its secret neither may be without the other. */
function pairsAreWhole(env: Record<string, unknown>, context: z.RefinementCtx): void {
  for (const name of Object.keys(crm)) {
    if (!name.endsWith("_CLIENT_ID")) continue;
    const secret = name.replace("_CLIENT_ID", "_CLIENT_SECRET");
    if ((env[name] === undefined) === (env[secret] === undefined)) continue;
    const missing = env[name] === undefined ? name : secret;
    context.addIssue({ code: "custom", path: [missing], message: `${name} and ${secret} belong together: set both or neither` });
  }
}

/** "https://publickey@host/project": the only secret in it is where to send. */
const dsn = z.string().regex(/^https?:\/\/[0-9a-z]+@[\w.:-]+(\/[\w-]+)*\/\d+$/i, {
  error: "must be a DSN of Sentry, such as https://publickey@o1.ingest.sentry.io/1",
});
const smtpUrl = z.url({ protocol: /^smtps?$/, error: "must look like smtp://user:password@host:587?from=address" });

/** Whether this installation has the demo shop: its page at /demo and, in embedded mode, the organization that the first start makes. */
const demo = z.enum(["on", "off"], { error: "must be on or off" }).default("on");

const postgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: "must look like postgres://user:password@host/database" });

/** Daily, weekly and monthly backups that are kept. */
const retention = z
  .string()
  .regex(/^\d{1,3},\d{1,3},\d{1,3}$/, {
    error: "must be three numbers, such as 7,4,12: days, weeks and months of which the newest backup is kept",
  })
  .transform((text) => {
    const [daily, weekly, monthly] = text.split(",").map(Number) as [number, number, number];
    return { daily, weekly, monthly };
  });

/** Backups (docs/RECOVERY.md). */
const backups = {
  /** The Postgres behind SUPABASE_URL; the embedded backend needs none. */
  DATABASE_URL: postgresUrl.optional(),
  /** A folder, or s3://bucket/prefix. */
  BACKUP_TARGET: z.string().min(1).optional(),
  /** Seals backups: the same form as ENCRYPTION_KEY. The first seals, all open. */
  BACKUP_KEY: encryptionKeys.optional(),
  BACKUP_KEEP: retention.default({ daily: 7, weekly: 4, monthly: 12 }),
  BACKUP_S3_ENDPOINT: url("the address of an S3-compatible store").optional(),
  BACKUP_S3_REGION: z.string().min(1).default("us-east-1"),
  BACKUP_S3_ACCESS_KEY_ID: z.string().min(1).optional(),
  BACKUP_S3_SECRET_ACCESS_KEY: z.string().min(1).optional(),
};

/** Backups that nobody could open, or that have nowhere to go, are noticed before the night they should be made. */
function backupsAreWhole(env: Record<string, unknown>, context: z.RefinementCtx): void {
  if (env.BACKUP_TARGET === undefined) return;
  const missing = ["BACKUP_KEY"];
  if (String(env.BACKUP_TARGET).startsWith("s3://")) missing.push("BACKUP_S3_ACCESS_KEY_ID", "BACKUP_S3_SECRET_ACCESS_KEY");
  for (const name of missing)
    if (env[name] === undefined) context.addIssue({ code: "custom", path: [name], message: "BACKUP_TARGET needs it (docs/RECOVERY.md)" });
}

const shared = {
  NODE_ENV: z.enum(["development", "production", "test"]).default("production"),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
  SUPABASE_URL: url("the URL of your Supabase project"),
  SUPABASE_PUBLISHABLE_KEY: z.string({ error: "must be the project's publishable key (sb_publishable_…)" }).min(20),
  SUPABASE_SECRET_KEY: z.string({ error: "must be the project's secret key (sb_secret_…)" }).min(20),
  ENCRYPTION_KEY: encryptionKeys,
  APP_URL: url("the portal's public URL"),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: "must look like redis://host:6379" }).optional(),
  /** Where errors and traces are reported (core/sentry.ts); without it nothing is, and no SDK is loaded. */
  SENTRY_DSN: dsn.optional(),
  SENTRY_ENVIRONMENT: z
    .string()
    .regex(/^[\w.-]{1,64}$/)
    .default("production"),
  /** The build's name, the same as its source maps were uploaded under; the version by default. */
  SENTRY_RELEASE: z
    .string()
    .regex(/^[\w.@+-]{1,200}$/)
    .optional(),
  SENTRY_TRACES_SAMPLE_RATE: z.coerce.number().min(0).max(1).default(0.1),
  /** Inner addresses that the agents of every organization here may call. */
  EGRESS_ALLOW: origins.default([]),
  /** Opens /metrics to whoever has it; without it only programs on the same machine read them (core/metrics/gate.ts). */
  METRICS_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{16,500}$/, { error: "must be at least 16 visible ASCII characters without spaces" })
    .optional(),
  EMBEDDINGS_BASE_URL: url("an OpenAI-compatible endpoint").optional(),
  EMBEDDINGS_API_KEY: z.string().min(1).optional(),
  EMBEDDINGS_MODEL: z.string().min(1).optional(),
  ...crm,
};

const portal = z
  .object({
    ...shared,
    PORT: port.default(3000),
    DEMO: demo,
    /** The same for the portal's pages, which send to the portal; without it browsers report nothing. */
    SENTRY_BROWSER_DSN: dsn.optional(),
    SENTRY_REPLAY_SAMPLE_RATE: z.coerce.number().min(0).max(1).default(0.1),
    LLM_BASE_URL: url("an OpenAI-compatible endpoint").default("https://openrouter.ai/api/v1"),
    LLM_API_KEY: z.string().min(1).optional(),
    OPENROUTER_API_KEY: z.string().min(1).optional(),
    LLM_DEFAULT_MODEL: z.string().min(1).default("openai/gpt-5-mini"),
    /** Embedded mode only: where the dev mailbox keeps e-mails. */
    MAILBOX_FOLDER: z.string().min(1).optional(),
    /** What one portal takes on at once (portal/app/chat/admission.ts, docs/SCALING.md). */
    MAX_RUNS: z.coerce.number().int().min(1).max(100_000).default(600),
    MAX_STARTING_RUNS: z.coerce.number().int().min(1).max(100_000).default(64),
    MAX_EVENT_LOOP_LAG_MS: z.coerce.number().int().min(10).max(60_000).default(500),
    /**
     * Web analytics of the portal's pages, never of the widget: the address of a script and, for Plausible and Umami, the site it counts
     * (portal/app/http/analytics.ts).
     */
    ANALYTICS_SRC: z
      .union([z.url({ protocol: /^https$/ }), z.literal("vercel")], {
        error: "must be the https address of a script, such as https://plausible.example.com/js/script.js, or vercel",
      })
      .optional(),
    ANALYTICS_SITE: z
      .string()
      .regex(/^[\w.:-]{1,200}$/, { error: "must be a domain or a site's id" })
      .optional(),
    /** How long a portal that is told to stop goes on writing the answers it has begun. */
    DRAIN_SECONDS: z.coerce.number().int().min(0).max(3_600).default(20),
    /** Who in front of us is believed about the client's address: so many proxies, or those at these addresses. */
    TRUSTED_PROXIES: trustedProxies,
  })
  .superRefine(pairsAreWhole);

const worker = z
  .object({
    ...shared,
    WORKER_PORT: port.default(3001),
    /** How many jobs a worker does at once, and how many one organization has in the queue, being done or next (docs/SCALING.md). */
    WORKER_CONCURRENCY: z.coerce.number().int().min(1).max(200).default(8),
    JOBS_PER_ORGANIZATION: z.coerce.number().int().min(1).max(1_000).default(6),
    /** The queue when REDIS_URL is absent: a Postgres URL, or a folder for an embedded one. */
    QUEUE_DATABASE_URL: postgresUrl.optional(),
    QUEUE_FOLDER: z.string().min(1).optional(),
    /** Where new jobs are heard of at once: the database itself, or the embedded backend. Without it they are looked for (docs/SCALING.md). */
    OUTBOX_NOTICES_URL: z
      .url({ protocol: /^(postgres(ql)?|http)$/, error: "must look like postgres://user:password@host:5432/postgres" })
      .optional(),
    /** Sends the platform's own e-mails; the embedded mode keeps them in a folder instead. Without either they are not sent. */
    SMTP_URL: smtpUrl.optional(),
    MAILBOX_FOLDER: z.string().min(1).optional(),
    ...backups,
  })
  .superRefine(backupsAreWhole)
  .refine((env) => env.REDIS_URL || env.QUEUE_DATABASE_URL || env.QUEUE_FOLDER, {
    path: ["REDIS_URL"],
    error: "set it, or QUEUE_DATABASE_URL, or QUEUE_FOLDER, to say where the queue is",
  })
  .superRefine(pairsAreWhole);

/** The embedded backend, started by the supervisor alone. */
const backend = z.object({
  LOG_LEVEL: shared.LOG_LEVEL,
  SUPABASE_PUBLISHABLE_KEY: shared.SUPABASE_PUBLISHABLE_KEY,
  SUPABASE_SECRET_KEY: shared.SUPABASE_SECRET_KEY,
  SUPABASE_JWT_SECRET: z.string({ error: "must be at least 32 random characters" }).min(32),
  APP_URL: url("the portal's public URL"),
  BACKEND_PORT: port,
  /** Loopback unless portal and worker are on other machines, or in other containers, of the same private network. */
  BACKEND_HOST: z.string().min(1).default("127.0.0.1"),
  /** A Postgres server's database for the data; without it PGlite keeps them in the data folder, which holds the stored files in any case. */
  BACKEND_DATABASE_URL: postgresUrl.optional(),
  /** One waits for another while the schema is made, so there are two at least. */
  BACKEND_DATABASE_CONNECTIONS: z.coerce.number().int().min(2).max(500).default(20),
  DATA_FOLDER: z.string({ error: "must be a folder" }).min(1),
  MAILBOX_FOLDER: z.string({ error: "must be a folder" }).min(1),
  SMTP_URL: smtpUrl.optional(),
  DEMO: demo,
});

/** The programs for backups, restores and migrations (supabase/recovery): for Supabase or a Postgres by their addresses, else for a data folder. */
const recovery = z
  .object({
    LOG_LEVEL: shared.LOG_LEVEL,
    SUPABASE_URL: shared.SUPABASE_URL.optional(),
    SUPABASE_PUBLISHABLE_KEY: shared.SUPABASE_PUBLISHABLE_KEY.optional(),
    SUPABASE_SECRET_KEY: shared.SUPABASE_SECRET_KEY.optional(),
    SUPABASE_JWT_SECRET: backend.shape.SUPABASE_JWT_SECRET.optional(),
    ENCRYPTION_KEY: encryptionKeys.optional(),
    DATA_FOLDER: z.string().min(1).optional(),
    ...backups,
  })
  .superRefine(backupsAreWhole);

const schemas = { portal, worker, backend, recovery };
/** The variables that a process reads. */
export const variablesOf = (processName: keyof typeof schemas): string[] => Object.keys(schemas[processName].shape);
export type PortalEnv = z.infer<typeof portal>;
export type WorkerEnv = z.infer<typeof worker>;
/** What `crmConfig` reads. */
export type CrmEnv = Pick<PortalEnv, keyof typeof crm>;
export type BackendEnv = z.infer<typeof backend>;
export type RecoveryEnv = z.infer<typeof recovery>;

/** Thrown for a missing or malformed variable; the message names each and says what it should look like. */
export class EnvError extends Error {}

/**
 * The environment of a process, parsed. Empty strings count as absent.
 * @throws EnvError naming every variable that is missing or malformed
 */
export function parseEnv<P extends keyof typeof schemas>(
  processName: P,
  source: Record<string, string | undefined> = process.env,
): z.infer<(typeof schemas)[P]> {
  const present = presentEnv(source);
  const parsed = schemas[processName].safeParse(present);
  if (parsed.success) return parsed.data as z.infer<(typeof schemas)[P]>;
  const lines = parsed.error.issues.map((issue) => {
    const name = issue.path.join(".");
    return `  ${name} ${name in present ? "is malformed" : "is missing"}: ${issue.message}`;
  });
  throw new EnvError(`The ${processName} cannot start:\n${lines.join("\n")}\nSee docs/SECRETS.md.`);
}

/** What is set, as it is set: for the doctor, who looks at what parseEnv would refuse. Empty strings count as absent. */
export const presentEnv = (source: Record<string, string | undefined> = process.env): Record<string, string> =>
  Object.fromEntries(Object.entries(source).filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== ""));

/** The values of a process's variables that open something; of lists of keys, each. */
function secretsOf(processName: keyof typeof schemas): string[] {
  const present = presentEnv();
  const names = variablesOf(processName).filter((name) => /KEY|SECRET|TOKEN|PASSWORD/.test(name) && name in present);
  return names.flatMap((name) => [present[name]!, ...present[name]!.split(/[,:]/)]);
}

/** parseEnv for a process's entry point: prints the problem and exits 78 before anything is served. From then on no log tells its secrets. */
export function readEnv<P extends keyof typeof schemas>(processName: P): z.infer<(typeof schemas)[P]> {
  try {
    const env = parseEnv(processName);
    neverTell(secretsOf(processName));
    return env;
  } catch (error) {
    if (!(error instanceof EnvError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(EX_CONFIG);
  }
}
