// Puts the API's document between a test's portal and the tests: every answer of the API is held against it.
import type { Request, Response } from "express";
import { afterEach } from "vitest";
import { answerFault } from "./test-answers.ts";

/** What was found since the last look. */
const undocumented: string[] = [];

/** @throws Error with what was found since the last look */
export function failOnUndocumented(): void {
  const faults = undocumented.splice(0);
  if (faults.length > 0) throw new Error(`Not as the API's document says:\n${faults.slice(0, 10).join("\n")}`);
}
afterEach(failOnUndocumented);

/** Keeps what goes out, and holds it against the document once the answer has ended. */
export function watchAnswers(request: Request, response: Response, next: () => void): void {
  // As a URL has it: "." and ".." are steps of a path, no names.
  const path = new URL(`http://portal${request.originalUrl}`).pathname;
  if (!/^\/(api|v1)(\/|$)/.test(path)) {
    next();
    return;
  }
  const parts: Buffer[] = [];
  const keep = (chunk: unknown) => {
    if (typeof chunk === "string" || chunk instanceof Uint8Array) parts.push(Buffer.from(chunk as string));
  };
  const { write, end } = response;
  response.write = ((...given: Parameters<typeof write>) => {
    keep(given[0]);
    return write.apply(response, given);
  }) as typeof write;
  response.end = ((...given: Parameters<typeof end>) => {
    keep(given[0]);
    return end.apply(response, given);
  }) as typeof end;
  response.once("close", () => {
    if (!response.headersSent) return;
    const headers = Object.fromEntries(Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]));
    const { method } = request;
    const body = Buffer.concat(parts);
    const fault = answerFault({ method, path, status: response.statusCode, headers, body, ended: response.writableFinished });
    if (fault) undocumented.push(fault);
  });
  next();
}
