import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";

type Call = { query: string; variables: Record<string, unknown>; token: unknown };
let server: Server;
let calls: Call[];
/** What a deployment's state is, look by look; the last one stays. */
let states: string[];

beforeEach(async () => {
  calls = [];
  states = ["BUILDING", "DEPLOYING", "SUCCESS"];
  server = createServer(async (request, response) => {
    const { query, variables } = JSON.parse(await text(request)) as Call;
    calls.push({ query, variables, token: request.headers["project-access-token"] });
    const node = (id: string, status: string, createdAt: string) => ({ node: { id, status, createdAt } });
    const data = query.includes("serviceInstanceDeployV2")
      ? { serviceInstanceDeployV2: "new" }
      : query.includes("deploymentRollback")
        ? { deploymentRollback: true }
        : query.includes("deployments(")
          ? {
              deployments: {
                edges: [node("old", "SUCCESS", "2026-01-01"), node("now", "SUCCESS", "2026-01-02"), node("x", "FAILED", "2026-01-03")],
              },
            }
          : { deployment: { status: states.length > 1 ? states.shift() : states[0] } };
    const refused = variables.id === "nobody";
    response.setHeader("content-type", "application/json").end(JSON.stringify(refused ? { errors: [{ message: "not found" }] } : { data }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(() => server.close());

function railway(args: string[], env: Record<string, string> = {}): Promise<{ code: number; stdout: string; stderr: string }> {
  const settings = {
    ...process.env,
    RAILWAY_API: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    RAILWAY_TOKEN: "token",
    RAILWAY_SERVICE_ID: "service",
    RAILWAY_ENVIRONMENT_ID: "production",
    RAILWAY_LOOK_EVERY_MS: "1",
    ...env,
  };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [fileURLToPath(new URL("railway.mjs", import.meta.url)), ...args],
      { env: settings },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout: stdout.trim(), stderr }),
    );
  });
}

it("deploys a commit and waits until it runs", async () => {
  expect(await railway(["deploy", "abc123"])).toMatchObject({ code: 0, stdout: "new" });
  expect(calls[0]).toMatchObject({ token: "token", variables: { serviceId: "service", environmentId: "production", commitSha: "abc123" } });
  expect(calls).toHaveLength(4);
});

it("says so when a deployment fails, or Railway refuses", async () => {
  states = ["BUILDING", "FAILED"];
  const failed = await railway(["deploy", "abc123"]);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain("has ended: FAILED");
  const refused = await railway(["rollback", "nobody"]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("not found");
});

it("knows what runs, and goes back to what ran before, unless that runs already", async () => {
  expect((await railway(["current"])).stdout).toBe("now");
  expect(await railway(["rollback", "old"])).toMatchObject({ code: 0, stdout: "Went back to old." });
  expect(calls.at(-1)!.variables).toEqual({ id: "old" });
  expect((await railway(["rollback", "now"])).stdout).toBe("now runs already.");
});

it("needs its settings and a command that it knows", async () => {
  expect(await railway(["deploy", "abc"], { RAILWAY_TOKEN: "" })).toMatchObject({ code: 78 });
  expect((await railway(["destroy", "x"])).code).toBe(64);
  expect((await railway(["deploy"])).code).toBe(64);
  expect(calls).toEqual([]);
});
