import { describe, expect, test } from "vitest";
import { misfit } from "./field-fit";

const fields = [
  { key: "note", type: "text", writable: true },
  { key: "mail", type: "email", writable: true },
  { key: "size", type: "number", writable: true },
  { key: "created", type: "date", writable: false },
  { key: "born", type: "date", writable: true },
] as const;
const all = fields.map((field) => ({ ...field }));

describe("what may be mapped to what", () => {
  test.each([
    ["summary", "note", "out", null],
    ["email", "note", "out", null],
    ["email", "mail", "both", null],
    ["name", "mail", "out", "type"],
    ["summary", "size", "out", "type"],
    ["first_seen_at", "born", "out", null],
    ["first_seen_at", "created", "both", "readOnly"],
    [null, "created", "in", null],
    [null, "size", "in", null],
    ["name", "nickname", "out", "unknown"],
    ["name", "", "out", null],
  ] as const)("%s to %s, %s", (ours, theirs, direction, expected) => expect(misfit({ ours, theirs, direction }, all)).toBe(expected));

  test("before the CRM has told its fields nothing is wrong", () => {
    expect(misfit({ ours: "name", theirs: "anything", direction: "out" }, [])).toBeNull();
  });
});
