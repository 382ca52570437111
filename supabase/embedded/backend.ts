import { mkdir } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { correlate, requestIdFrom, traceFrom } from "@gpt-agent/core/correlation";
import { createLog, type Log } from "@gpt-agent/core/log";
import { type ServerType, serve } from "@hono/node-server";
import { App, type EmailDriver, setExperimental } from "@supabase/lite";
import { migrate } from "../migrate.ts";
import { type BackendDatabase, createRoles, grantSystemSchemas, type OpenedDatabase } from "./database.ts";
import { FileStorage } from "./file-storage.ts";
import { functionCalls } from "./function-calls.ts";
import { noticesOf } from "./notices.ts";
import { openPglite, type PgliteDatabase, type PgliteOptions } from "./pglite-database.ts";
import { openServer } from "./postgres-database.ts";
import { noSnapshots, snapshots } from "./snapshot.ts";
import { keepUp } from "./upkeep.ts";

export type BackendConfig = {
  /** Where the data is: PGlite's folder (undefined keeps everything in memory, for tests), or the address of a Postgres server's database. */
  folder?: string;
  databaseUrl?: string;
  /** Sessions with that server at most, 2 or more. */
  databaseConnections?: number;
  /** Where stored objects go. */
  storageFolder: string;
  migrationsFolder: string;
  /** 0 picks a free port. */
  port: number;
  /** The address to listen on; loopback by default. */
  host?: string;
  publishableKey: string;
  secretKey: string;
  /** Signs the JWTs of signed-in people; at least 32 characters. */
  jwtSecret: string;
  /** The portal's public URL; links in e-mails start with it. */
  siteUrl: string;
  email: EmailDriver;
  /** HTML files for the e-mails, as in supabase/config.toml. */
  templatesFolder: string;
  /** For tests: more Postgres extensions, a database to begin with. */
  pglite?: PgliteOptions;
  /** How often PGlite's tables are tended, in milliseconds; tests shorten it. */
  tendEveryMs?: number;
  log?: Log;
};

export type Backend = {
  app: App;
  url: string;
  /** The database itself, past RLS. For start-up, tests and backups; the portal and worker speak HTTP. */
  db: BackendDatabase;
  close(): Promise<void>;
};

/** Sessions with a server unless told otherwise: requests wait for one another's on two cores sooner than for a session. */
const CONNECTIONS = 20;

/** What is answered at all: Supabase Lite also has a studio and, open to anyone, its configuration and the whole schema. */
const SERVED = /^\/(auth|rest|storage)\/v1(\/|$)/;

/**
 * How long a connection without requests is kept, in milliseconds. Its users let go of one a second before that, so with Node's 5 s a
 * busy portal now and then asked on a connection that was being closed, and a visitor read that the database was away.
 */
const KEEP_ALIVE_MS = 75_000;

/** Refuses configurations in which Supabase Lite would answer strangers as service_role. */
function assertSafe(config: BackendConfig) {
  if (!/^sb_publishable_\S{16,}$/.test(config.publishableKey) || !/^sb_secret_\S{16,}$/.test(config.secretKey)) {
    throw new Error(
      "The embedded backend needs both API keys (sb_publishable_…, sb_secret_…); without them it would accept every request.",
    );
  }
  if (config.jwtSecret.length < 32) {
    throw new Error("The embedded backend needs a JWT secret of at least 32 characters.");
  }
}

/**
 * Starts the embedded stand-in for Supabase: REST, Auth and Storage behind one HTTP server, on PGlite or on a Postgres server.
 * Applies pending migrations first. Throws when the configuration is unsafe, the port is taken or the server is out of reach.
 */
export async function startBackend(config: BackendConfig): Promise<Backend> {
  assertSafe(config);
  process.env.LITE_TELEMETRY = "0";
  setExperimental("storage", true);
  await mkdir(config.storageFolder, { recursive: true });
  const { databaseUrl, folder, secretKey } = config;
  const log = config.log ?? createLog("warn");
  if (databaseUrl) {
    const opened = await openServer(databaseUrl, { connections: config.databaseConnections ?? CONNECTIONS, log });
    return closedOnFailure(opened, () => serveDatabase(opened, noSnapshots(secretKey), config));
  }
  const opened = tended(await openPglite(folder, config.pglite), config, log);
  return closedOnFailure(opened, () => serveDatabase(opened, snapshots(opened.db, secretKey, folder), config));
}

/** The same, with what keeps its tables in order; it ends before the database does. */
function tended(opened: OpenedDatabase<PgliteDatabase>, { tendEveryMs }: BackendConfig, log: Log): OpenedDatabase<PgliteDatabase> {
  const stop = keepUp(opened.db, log, tendEveryMs);
  return {
    ...opened,
    async close() {
      await stop();
      await opened.close();
    },
  };
}

async function closedOnFailure<T>(opened: OpenedDatabase, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/**
 * The first init() prints at once, before it awaits anything, that the storage is experimental. Whoever starts the platform
 * can do nothing about it, and our tests cover the part that we use.
 */
function initQuietly(app: App): Promise<App> {
  const { warn } = console;
  console.warn = () => {};
  try {
    return app.init();
  } finally {
    console.warn = warn;
  }
}

/** Whether an address to listen on takes in this machine's own: none given does as well, for loopback is the default. */
const isEverywhere = (host: string | undefined): boolean => host === undefined || host === "0.0.0.0" || host === "::";

/** What is done for a request is known by the ids that it brings. */
function underItsIds<T>({ headers }: Request, work: () => T): T {
  const brought = headers.get("x-request-id");
  const requestId = requestIdFrom(brought);
  if (requestId !== brought) return work();
  return correlate({ requestId, ...traceFrom(headers.get("sentry-trace"), headers.get("baggage")) }, work);
}

async function serveDatabase(
  opened: OpenedDatabase,
  dumpOr: (request: Request) => Response | null,
  config: BackendConfig,
): Promise<Backend> {
  const { db, connection } = opened;
  const template = (name: string, subject: string) => ({ subject, content_path: join(config.templatesFolder, `${name}.html`) });
  const app = new App({
    connection,
    auth: {
      enabled: true,
      jwt_secret: config.jwtSecret,
      publishable_key: config.publishableKey,
      secret_key: config.secretKey,
      site_url: config.siteUrl,
      minimum_password_length: 8,
      email: {
        enable_confirmations: false,
        template: {
          recovery: template("recovery", "Reset your password · Сброс пароля"),
          magic_link: template("magic-link", "Your sign-in link · Ссылка для входа"),
          email_change: template("email-change", "Confirm your new e-mail · Подтвердите новую почту"),
        },
      },
    },
    storage: { enabled: true, file_size_limit: "50MiB" },
    options: { drivers: { email: config.email }, server: { admin: false } },
  } as never) as App;
  if (app.adminMode) throw new Error("The embedded backend must not run in admin mode.");
  app._storageAdapter = new FileStorage(config.storageFolder);
  await db.alone(async () => {
    await createRoles(db);
    await initQuietly(app);
    await app.ensureSystemSchema();
    await grantSystemSchemas(db);
    await migrate(db, config.migrationsFolder);
  });
  await opened.schemaStands();

  const callOr = functionCalls(db, config.secretKey);
  const notices = await noticesOf(db, config.secretKey);
  const server = await new Promise<ServerType>((resolve, reject) => {
    const listening = serve(
      {
        fetch: (request, env) => {
          const dump = dumpOr(request);
          if (dump) return dump;
          const { pathname } = new URL(request.url);
          if (pathname === "/notices") return notices.answer(request);
          if (!SERVED.test(pathname)) return new Response("Not found", { status: 404 });
          const peerAddress = (env as { incoming?: { socket: { remoteAddress?: string } } }).incoming?.socket.remoteAddress ?? null;
          return underItsIds(request, () => callOr(request, async (other) => app.fetch(other, { peerAddress })));
        },
        hostname: config.host ?? "127.0.0.1",
        port: config.port,
        serverOptions: { keepAliveTimeout: KEEP_ALIVE_MS },
      },
      () => resolve(listening),
    );
    listening.on("error", reject);
  });
  const { port } = server.address() as AddressInfo;
  return {
    app,
    db,
    url: `http://${isEverywhere(config.host) ? "127.0.0.1" : config.host}:${port}`,
    async close() {
      const closed = new Promise((done) => server.close(done));
      // The server waits for those who listen still.
      await notices.close();
      await closed;
      await opened.close();
    },
  };
}
