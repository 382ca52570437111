import { agentAction } from "@gpt-agent/core/agent-actions";
import { describe, expect, test } from "vitest";
import { parseActionDraft } from "~/models/action-form.server";
import { draftOfCurl } from "./curl";
import {
  type Draft,
  draftOf,
  emptyDraft,
  nameFrom,
  originOr,
  placeholdersOf,
  problemsOf,
  retyped,
  rowsOf,
  rowsOfText,
  schemaOf,
  sendable,
  twins,
  typeOf,
  withChoices,
} from "./draft";

const order = agentAction.parse({
  name: "order_status",
  title: { en: "Order status", ru: "Статус заказа" },
  description: "Looks up an order",
  method: "GET",
  url: "https://api.example.com/orders/{order}?lang={lang}",
  parameters: {
    type: "object",
    properties: {
      order: { type: "string", description: "Its number", minLength: 2, maxLength: 12 },
      lang: { type: "string", enum: ["en", "ru"], title: "Language" },
      page: { type: "integer", minimum: 1, enum: [1, 2] },
      tags: { type: "array", items: { type: "string" }, maxItems: 3 },
      where: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    },
    required: ["order"],
  },
  headers: [
    { name: "X-Shop", value: "7" },
    { name: "Authorization", secretId: "0190a0a0-0000-7000-8000-000000000001" },
  ],
  result: ["/status", "/eta"],
  timeoutMs: 2_500,
});

const parsed = (draft: Draft) => parseActionDraft(JSON.stringify(sendable(draft)));
const errorsOf = (draft: Draft) => {
  const result = parsed(draft);
  return result.ok ? {} : result.errors;
};

describe("an action in its editor", () => {
  test("comes back as it was: rows, limits without a control, stored secrets", () => {
    const draft = draftOf(order, [{ id: "0190a0a0-0000-7000-8000-000000000001", lastFour: "f00d" }]);
    expect(draft.headers[1]).toMatchObject({ secret: true, value: "", stored: { lastFour: "f00d" } });
    const { headers, ...rest } = order;
    expect(parsed(draft)).toEqual({
      ok: true,
      value: {
        ...rest,
        headers: [
          { kind: "plain", name: "X-Shop", value: "7" },
          { kind: "stored", name: "Authorization", secretId: "0190a0a0-0000-7000-8000-000000000001" },
        ],
      },
    });
    expect(schemaOf(rowsOf(order.parameters))).toEqual(order.parameters);
    expect(parsed({ ...draft, schemaText: JSON.stringify(order.parameters, null, 2) })).toEqual(parsed(draft));
  });

  test("rows know their types and keep their words when they change them", () => {
    expect(rowsOf(order.parameters).map(({ property }) => typeOf(property))).toEqual(["string", "string", "integer", "list", "other"]);
    const { lang, page } = order.parameters.properties;
    expect(retyped(lang!, "list")).toEqual({ type: "array", items: { type: "string" }, title: "Language" });
    expect(withChoices(lang!, " de, en ,,")).toEqual({ type: "string", enum: ["de", "en"], title: "Language" });
    expect(withChoices(page!, "3, 4")).toEqual({ type: "integer", minimum: 1, enum: [3, 4] });
    expect(withChoices(page!, "")).toEqual({ type: "integer", minimum: 1 });
    expect(
      twins([
        { key: "a", name: "x" },
        { key: "b", name: "y" },
        { key: "c", name: "x" },
      ]),
    ).toEqual(["c"]);
  });

  test("JSON goes back to rows when rows can show it, and keeps what they cannot", () => {
    const schema = { ...order.parameters, description: "All of it", additionalProperties: false };
    const back = rowsOfText(JSON.stringify(schema))!;
    expect(schemaOf(back.parameters, back.schemaRest)).toEqual(schema);
    for (const text of [
      "",
      "{",
      "null",
      "[]",
      "{}",
      '{"properties": {"a": null}}',
      '{"properties": {"a": {"type": "null"}}}',
      '{"properties": {"a": {"type": "array"}}}',
    ])
      expect([text, rowsOfText(text)]).toEqual([text, null]);
    expect(problemsOf(draft({ schemaText: "{" }))).toEqual({ schema: "json" });
    expect(
      problemsOf(
        draft({
          parameters: [
            ...rowsOf(order.parameters),
            { ...row({ type: "string" }), key: "twin" },
            { ...row({ type: "string" }, " "), key: "none" },
          ],
        }),
      ),
    ).toEqual({
      twin: "parameterNameTwice",
      none: "required",
    });
  });

  test("what is in the path is required, ticked or not", () => {
    const rows = rowsOf(order.parameters).map((row) => ({ ...row, required: false }));
    expect(parsed(draft({ parameters: rows }))).toMatchObject({ ok: true, value: { parameters: { required: ["order"] } } });
  });

  test("addresses are read while they are typed", () => {
    expect(placeholdersOf("https://a.example/{order}/{order}?q={q}&x={")).toEqual({ all: ["order", "q"], path: ["order"] });
    expect([originOr("https://a.example:8443/{x}"), originOr("htt"), originOr("")]).toEqual(["https://a.example:8443", null, null]);
    expect([nameFrom("Order status (7)"), nameFrom("7 days"), nameFrom("Заказ")]).toEqual(["order_status_7", "days", ""]);
  });

  const draft = (over: Partial<Draft>): Draft => ({ ...draftOf(order, []), ...over });
  const row = (property: object, name = "order") => ({ key: "k", name, required: true, property }) as Draft["parameters"][number];
  const head = (name: string, value: string, secret = false) => ({ key: "k", name, value, secret, stored: null });
  test.each<[string, Partial<Draft>, Record<string, string>]>([
    ["a name", { name: "Order status" }, { name: "actionName" }],
    ["no description", { description: "  " }, { description: "required" }],
    ["no address", { url: "" }, { url: "required" }],
    ["an address of another kind", { url: "ftp://a.example/{order}" }, { url: "urlNotWeb" }],
    ["a password in the address", { url: "https://a:b@a.example/" }, { url: "urlUserinfo" }],
    ["a fragment", { url: "https://a.example/#x" }, { url: "urlFragment" }],
    ["a parameter in the host", { url: "https://{order}.example/" }, { url: "urlHost" }],
    ["an unknown parameter", { url: "https://a.example/{other}" }, { url: "urlUnknown" }],
    ["a list in the address", { url: "https://a.example/?t={tags}" }, { url: "urlNotPlain" }],
    ["a hole in the path", { url: "https://a.example/{lang}", schemaText: JSON.stringify(order.parameters) }, { url: "urlOptional" }],
    ["a time limit", { timeoutSeconds: "60" }, { timeoutMs: "timeout" }],
    ["a word for a time limit", { timeoutSeconds: "soon" }, { timeoutMs: "timeout" }],
    ["a pointer", { result: [{ key: "k", pointer: "status" }] }, { "result.0": "pointer" }],
    ["a header's name", { headers: [head("X Y", "1")] }, { "headers.0.name": "headerName" }],
    ["a header of ours", { headers: [head("Host", "1")] }, { "headers.0.name": "headerOurs" }],
    ["a header's value", { headers: [head("X-A", "ключ")] }, { "headers.0.value": "headerValue" }],
    ["a secret that is not typed", { headers: [head("X-A", "", true)] }, { "headers.0.secret": "required" }],
    ["a header twice", { headers: [head("X-A", "1"), head("x-a", "2")] }, { "headers.1.name": "headerTwice" }],
    [
      "a parameter's name",
      { url: "https://a.example/", parameters: [row({ type: "string" }, "a b")] },
      { "parameters.properties.a b": "parameterName" },
    ],
    [
      "a word of JavaScript",
      { url: "https://a.example/", parameters: [row({ type: "string" }, "constructor")] },
      { "parameters.properties.constructor": "parameterName" },
    ],
    [
      "a choice that is no number",
      { parameters: [row({ type: "integer", enum: [1, "two"] })] },
      { "parameters.properties.order": "schema" },
    ],
    [
      "a long description",
      { url: "https://a.example/", parameters: [row({ type: "string", description: "x".repeat(501) })] },
      { "parameters.properties.order": "tooLong" },
    ],
    ["no JSON", { schemaText: "{" }, { parameters: "schema" }],
  ])("%s is refused at its field", (_what, over, errors) => expect(errorsOf(draft(over))).toEqual(errors));

  test("inside a JSON schema each problem has its place", () => {
    const schema = {
      type: "object",
      properties: {
        order: { type: "string", pattern: "x" },
        list: { type: "array", items: { type: "string", format: "date" } },
        "a/b": {},
      },
      required: ["none"],
    };
    const result = parsed(draft({ schemaText: JSON.stringify(schema), url: "https://a.example/" }));
    expect(result.ok ? [] : result.schemaProblems).toEqual(
      expect.arrayContaining([
        { at: "/properties/order/pattern", code: "schemaKeyword" },
        { at: "/properties/list/items/format", code: "schemaKeyword" },
        { at: "/properties/a~1b", code: "parameterName" },
      ]),
    );
  });

  test("T03: what nobody asked for is refused, at the top and in a header", () => {
    const good = sendable(draft({}));
    for (const bad of [
      { ...good, org_id: "x" },
      { ...good, headers: [{ kind: "plain", name: "A", value: "b", secretId: "x" }] },
      [],
      "x",
    ]) {
      expect(parseActionDraft(JSON.stringify(bad)).ok).toBe(false);
    }
    expect(parseActionDraft("{").ok).toBe(false);
    expect(errorsOf(emptyDraft())).toMatchObject({ description: "required", url: "required", name: "actionName" });
  });
});

describe("a pasted curl command", () => {
  test("becomes an action, its keys secrets, its fields parameters", () => {
    const draft = draftOfCurl(`curl -X POST 'https://api.example.com/v1/bookings?dry=1#top' \\
      -H "Authorization: Bearer \\"k\\"" -H 'Content-Type: application/json' --header 'X-Shop: 7' --max-time 5 -s \\
      --data-raw '{"name": "O'\\''Brien", "guests": 2, "paid": false, "tags": ["a"], "at": {"day": "Monday", "deep": {"x": {"y": 1}}}}'`)!;
    expect(draft).toMatchObject({
      name: "post_bookings",
      method: "POST",
      url: "https://api.example.com/v1/bookings?dry=1",
      headers: [
        { name: "Authorization", value: 'Bearer "k"', secret: true },
        { name: "X-Shop", value: "7", secret: false },
      ],
    });
    expect(schemaOf(draft.parameters).properties).toEqual({
      name: { type: "string", description: "O'Brien" },
      guests: { type: "integer", description: "2" },
      paid: { type: "boolean" },
      tags: { type: "array", items: { type: "string", description: "a" } },
      at: {
        type: "object",
        properties: {
          day: { type: "string", description: "Monday" },
          deep: { type: "object", properties: { x: { type: "string" } }, required: ["x"] },
        },
        required: ["day", "deep"],
      },
    });
    expect(parsed({ ...draft, description: "Books" })).toMatchObject({ ok: true });
  });

  test.each<[string, object]>([
    [
      "curl api.example.com/orders/{order}",
      { method: "GET", url: "https://api.example.com/orders/{order}", parameters: [{ name: "order" }] },
    ],
    ["curl -XDELETE --url=https://a.example/x", { method: "DELETE", url: "https://a.example/x" }],
    ["curl -u shop:pass https://a.example/", { headers: [{ name: "Authorization", value: "Basic c2hvcDpwYXNz", secret: true }] }],
    ["curl https://a.example/ -d a=1 -d 'b=two words'", { method: "POST", parameters: [{ name: "a" }, { name: "b" }] }],
    ["curl -G https://a.example/ -d a=1", { method: "GET", parameters: [{ name: "a" }] }],
  ])("%s", (command, expected) => expect(draftOfCurl(command)).toMatchObject(expected));

  test.each(["", "wget https://a.example", "curl", "curl -H 'A: b'", "curl 'not an address'", "curl https://"])("%j is none", (command) =>
    expect(draftOfCurl(command)).toBeNull(),
  );
});
