import { randomUUID } from "node:crypto";
import { WEBHOOK_TYPES } from "@gpt-agent/core/webhook-events";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestPortal, type TestPortal } from "../test-portal.ts";
import { type OpenApiDocument, openApiDocument } from "./document.ts";

type Described = {
  operationId: string;
  summary: string;
  description: string;
  security: Record<string, string[]>[];
  parameters?: { name: string; in: string; required: boolean; description?: string; schema: object }[];
  requestBody?: { content: Record<string, { schema: object; example?: unknown }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
  "x-codeSamples": { lang: string; source: string }[];
};

const document = openApiDocument();
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, described]) => ({ path, method, told: described as Described, name: `${method} ${path}` })),
);
const schemas = new Ajv2020({ strict: false });
addFormats.default(schemas);
schemas.addSchema({ components: document.components }, "api");
const compile = (schema: object) => schemas.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')) as object);

/** Every reference in a document. */
function refsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refsIn);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === "$ref" ? [String(inner)] : refsIn(inner)));
}

describe("the document follows the rules of OpenAPI 3.1", () => {
  it("has its required fields", () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info).toMatchObject({ title: expect.stringMatching(/./), version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    expect(operations.length).toBeGreaterThan(10);
  });

  it("names each operation once, says what it does, and uses known tags", () => {
    const ids = operations.map(({ told }) => told.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = document.tags.map(({ name }) => name);
    for (const { told } of operations) {
      expect(told.summary).toMatch(/^[A-Z].{3,79}$/);
      expect(tags).toEqual(expect.arrayContaining((told as unknown as { tags: string[] }).tags));
      for (const way of told.security)
        expect(Object.keys(document.components.securitySchemes)).toEqual(expect.arrayContaining(Object.keys(way)));
    }
  });

  it("has every reference lead somewhere, and every schema in use", () => {
    const names = Object.keys(document.components.schemas);
    const refs = new Set(refsIn(document));
    expect([...refs].filter((ref) => !names.some((name) => ref === `#/components/schemas/${name}`))).toEqual([]);
    expect(names.filter((name) => !refs.has(`#/components/schemas/${name}`))).toEqual([]);
  });

  it("has a parameter for every brace of a path, once", () => {
    for (const { path, told } of operations) {
      const braces = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const inPath = (told.parameters ?? []).filter((parameter) => parameter.in === "path");
      expect([path, inPath.map(({ name }) => name)]).toEqual([path, braces]);
      expect(inPath.every(({ required }) => required)).toBe(true);
      const keys = (told.parameters ?? []).map((parameter) => `${parameter.in} ${parameter.name}`);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  it("has schemas that JSON Schema 2020-12 accepts, and examples that fit them", () => {
    for (const { told } of operations) {
      for (const { schema } of told.parameters ?? []) expect(schemas.validateSchema(schema)).toBe(true);
      const contents = [told.requestBody, ...Object.values(told.responses)].flatMap((part) => Object.values(part?.content ?? {}));
      for (const { schema, example } of contents as { schema: object; example?: unknown }[]) {
        const validate = compile(schema);
        if (example !== undefined) expect([validate(example), validate.errors]).toEqual([true, null]);
      }
    }
    for (const schema of Object.values(document.components.schemas)) expect(schemas.validateSchema(schema as object)).toBe(true);
  });

  it("describes each operation and its parameters, and shows an example of each JSON body, errors too", () => {
    const bare = operations.filter(({ told }) => told.description.length < 20).map(({ name }) => name);
    const silent = operations.flatMap(({ name, told }) =>
      (told.parameters ?? []).filter((parameter) => !parameter.description).map((parameter) => `${name} ${parameter.name}`),
    );
    const unshown = operations.flatMap(({ name, told }) =>
      Object.entries({ body: told.requestBody, ...told.responses }).flatMap(([part, given]) =>
        Object.entries(given?.content ?? {})
          .filter(([type, media]) => /json$/.test(type) && !(name.includes(" /v1/") && Number(part) >= 400) && !("example" in media))
          .map(([type]) => `${name} ${part} ${type}`),
      ),
    );
    expect([bare, silent, unshown]).toEqual([[], [], []]);
  });

  it("has errors as problem+json, or in OpenAI's shape under /v1", () => {
    for (const { path, told } of operations) {
      const errors = Object.entries(told.responses).filter(([status]) => Number(status) >= 400 && path !== "/api/health");
      const type = path.startsWith("/v1/") ? "application/json" : "application/problem+json";
      for (const [, { content }] of errors) expect(Object.keys(content ?? {})).toEqual([type]);
      if (told.security.length > 0) expect(Object.keys(told.responses)).toEqual(expect.arrayContaining(["401", "403", "429", "503"]));
      if (told.requestBody) expect(Object.keys(told.responses)).toEqual(expect.arrayContaining(["400", "413", "415"]));
    }
  });

  it("has every webhook with a body that a receiver can check", () => {
    expect(Object.keys(document.webhooks)).toEqual([...WEBHOOK_TYPES]);
    for (const [type, { post }] of Object.entries(document.webhooks)) {
      const validate = compile(post.requestBody.content["application/json"].schema);
      const data = { conversationId: randomUUID(), messageId: randomUUID(), rating: "up", comment: null, url: "https://portal.test/x" };
      const body = { type: "feedback.received", timestamp: "2026-11-25T18:20:00.000Z", orderingKey: "c", data };
      expect([type, validate(body)]).toEqual([type, type === "feedback.received"]);
    }
  });

  it("has every operation called from a shell, TypeScript and Python", () => {
    for (const { told } of operations) {
      expect(told["x-codeSamples"].map(({ lang }) => lang)).toEqual(["Shell", "TypeScript", "Python"]);
      for (const { source } of told["x-codeSamples"]) expect(source).toMatch(/PORTAL_URL/);
    }
  });
});

describe("the document as it is served", () => {
  let portal: TestPortal;
  beforeAll(async () => {
    portal = await startTestPortal();
  });
  afterAll(() => portal.close());

  it("is complete: every API route and method has its entry, and the other way round", () => {
    const served = portal.routes
      .filter(({ path }) => !path.endsWith("/*"))
      .flatMap(({ path, methods }) => methods.map((method) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`));
    expect(served.length).toBeGreaterThan(10);
    expect(portal.routes.filter(({ methods }) => methods.length === 0)).toEqual([]);
    expect(served.sort()).toEqual(operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`).sort());
  });

  it("is public, holds nothing of ours, and a copy is asked after by its tag", async () => {
    const first = await fetch(`${portal.url}/api/openapi.json`);
    expect(first.headers.get("cache-control")).toBe("public, max-age=300");
    const text = await first.text();
    expect((JSON.parse(text) as OpenApiDocument).openapi).toBe(document.openapi);
    for (const own of [portal.url, portal.backend.url, "127.0.0.1", "localhost"]) expect(text).not.toContain(own);
    const etag = first.headers.get("etag")!;
    const again = await fetch(`${portal.url}/api/openapi.json`, { headers: { "if-none-match": etag } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
  });
});
