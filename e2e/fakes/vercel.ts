import { fork } from "node:child_process";
import { once } from "node:events";
import { createReadStream, readFileSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Routes of a deployment's config.json, of the kinds that ours has. https://vercel.com/docs/build-output-api/configuration#routes */
type Route = { handle: "filesystem" | "hit" } | { src: string; dest?: string; headers?: Record<string, string>; continue?: boolean };

export type FakeVercel = {
  url: string;
  /** Freezes the function as Vercel does: once all responses have ended, and what waitUntil was given. */
  freeze(): Promise<void>;
  stop(): Promise<void>;
};

const MEDIA_TYPES: Record<string, string> = { js: "text/javascript", css: "text/css", svg: "image/svg+xml", woff2: "font/woff2" };

/** The routes of a phase: those between a handle and the next one. */
function phase(routes: Route[], handle: "filesystem" | "hit") {
  const from = routes.findIndex((route) => "handle" in route && route.handle === handle) + 1;
  const length = routes.slice(from).findIndex((route) => "handle" in route);
  const found = routes.slice(from, length === -1 ? undefined : from + length);
  return found.flatMap((route) => ("src" in route ? [{ ...route, pattern: new RegExp(`^${route.src}$`) }] : []));
}

/**
 * A deployment behind something like Vercel's edge: files are served as config.json says, the rest goes to the function in a process of
 * its own. The client's address is told in x-forwarded-for, and what a client says there is dropped.
 * @param output a folder that scripts/build-vercel.mjs has made
 * @param env the function's environment, from the address that it will have
 */
export async function startVercel(output: string, env: (url: string) => Record<string, string>): Promise<FakeVercel> {
  const { routes } = JSON.parse(readFileSync(join(output, "config.json"), "utf8")) as { routes: Route[] };
  const [rewrites, hits] = [phase(routes, "filesystem"), phase(routes, "hit")];
  let functionPort = 0;

  const toFunction = (request: IncomingMessage, response: ServerResponse) => {
    const headers = { ...request.headers, "x-forwarded-for": request.socket.remoteAddress, "x-forwarded-proto": "https" };
    const call = send({ port: functionPort, host: "127.0.0.1", path: request.url, method: request.method, headers, agent: false });
    call.on("response", (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    call.on("error", () => response.destroy());
    response.on("close", () => call.destroy());
    request.pipe(call);
  };

  const edge = createServer((request, response) => {
    const path = new URL(request.url!, "http://edge").pathname;
    const file = join(output, "static", path);
    if (["GET", "HEAD"].includes(request.method!) && statSync(file, { throwIfNoEntry: false })?.isFile()) {
      for (const route of hits) if (route.pattern.test(path)) response.setHeaders(new Map(Object.entries(route.headers ?? {})));
      response.setHeader("content-type", MEDIA_TYPES[path.split(".").at(-1)!] ?? "application/octet-stream");
      createReadStream(file).pipe(response);
    } else if (rewrites.find((route) => route.pattern.test(path))?.dest === "/portal") toFunction(request, response);
    else response.writeHead(404).end();
  }).listen(0, "127.0.0.1");
  await once(edge, "listening");
  const url = `http://127.0.0.1:${(edge.address() as AddressInfo).port}`;

  const folder = join(output, "functions", "portal.func");
  const { handler } = JSON.parse(readFileSync(join(folder, ".vc-config.json"), "utf8")) as { handler: string };
  const child = fork(fileURLToPath(new URL("vercel-function.mjs", import.meta.url)), [join(folder, handler)], {
    env: { PATH: process.env.PATH, NODE_ENV: "production", LOG_LEVEL: "warn", ...env(url) },
    execArgv: [],
  });
  const ended = once(child, "exit");
  const first = await Promise.race([once(child, "message"), ended]);
  if (child.exitCode !== null) throw new Error(`The function did not load (${child.exitCode}).`);
  functionPort = (first[0] as { port: number }).port;

  return {
    url,
    async freeze() {
      child.send("freeze");
      await ended;
    },
    async stop() {
      edge.closeAllConnections();
      edge.close();
      if (child.exitCode === null) {
        child.kill("SIGKILL");
        await ended;
      }
    },
  };
}
