import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ServerBuild } from "@remix-run/node";
import { matchRoutes } from "@remix-run/react";
import { expect, test } from "vitest";
import { remixPath, routeFinder } from "./route-pattern.ts";

const files = readdirSync(fileURLToPath(new URL("../../routes", import.meta.url)));

/** The routes as Remix has them, flat: layouts change nothing about addresses. */
const flat = files.map((file) => {
  const parts = file
    .replace(/\.tsx?$/, "")
    .replaceAll("[.]", "\u0000")
    .split(".");
  const index = parts.at(-1) === "_index";
  const path = parts
    .filter((part) => part !== "_index")
    .map((part) => (part === "$" ? "*" : part.replace(/^\$/, ":").replace(/_$/, "").replaceAll("\u0000", ".")))
    .join("/");
  return { id: file, path, index };
});
const routes = Object.fromEntries(flat.map((route) => [route.id, route])) as unknown as ServerBuild["routes"];
const routeOf = routeFinder(routes);
const patternOf = (path: string) => routeOf(path).pattern;

const ADDRESSES = [
  "/",
  "/orgs",
  "/orgs/",
  "/orgs/new",
  "/orgs/acme",
  "/Orgs/acme/AGENTS",
  "/orgs/new/agents/new",
  "/orgs/acme/agents/0199/settings/actions/new-action",
  "/orgs/acme/conversations/0199/receipts/0199/download",
  "/orgs/acme/integrations/crm/callback",
  "/integrations/crm/callback",
  "/platform/queue",
  "/metrics",
  "/api/health",
  "/api/openapi.json",
  "/api/openapixjson",
  "/api/v1/agents/x/chat",
  "/api/v1/agents/x/chat/y",
  "/api/v1/chat/a%2Fb/stream",
  "/api/nothing/here",
  "/v1/models",
  "/v1/other",
  "/nothing",
  "/a/b/c/d/e/f",
];

test.each(ADDRESSES)("%s has the route that Remix finds", (address) => {
  const [found] = matchRoutes(
    flat.map(({ id, path, index }) => ({ id, path: `/${path}`, ...(index ? { index: true as const } : {}) })),
    address,
  )!;
  const path = found!.route.path!;
  expect(routeOf(address)).toEqual({ pattern: path === "/*" ? "*" : path, id: found!.route.id });
});

test("files are counted by their folder", () => {
  expect(["/assets/entry-abc123.js", "/widget/chunk.js", "/widget.js"].map(patternOf)).toEqual(["/assets/*", "/widget/*", "*"]);
});

test("a parent's path comes before its children's", () => {
  const nested = routeFinder({
    root: { id: "root", path: "" },
    org: { id: "org", parentId: "root", path: "orgs/:slug" },
    home: { id: "home", parentId: "org", index: true },
    agents: { id: "agents", parentId: "org", path: "agents" },
  } as unknown as ServerBuild["routes"]);
  expect(["/", "/orgs/a", "/orgs/a/agents", "/orgs"].map((path) => nested(path).pattern)).toEqual([
    "/",
    "/orgs/:slug",
    "/orgs/:slug/agents",
    "*",
  ]);
});

test.each([
  ["/orgs/acme/../new", "/orgs/new"],
  ["/orgs/%2e%2e/login?to=/x", "/login"],
  ["/orgs/acme.data?_routes=x", "/orgs/acme"],
  ["/_root.data", "/"],
  ["//orgs", "//orgs"],
])("Remix reads %s as %s", (target, path) => {
  expect(remixPath(new URL(`http://portal${target}`))).toBe(path);
});
