import { expect, test } from "vitest";
import { mayBeShipped, shippedPackages } from "./licenses.mjs";

test("an expression of licences is read as SPDX means it", () => {
  for (const fine of ["MIT", "(MIT OR GPL-3.0-or-later)", "(MIT AND Zlib)", "GPL-3.0 OR (BSD-2-Clause AND MIT)"])
    expect([fine, mayBeShipped(fine)]).toEqual([fine, true]);
  for (const not of [
    "GPL-3.0",
    "AGPL-3.0-only",
    "LGPL-2.1",
    "MPL-2.0",
    "SSPL-1.0",
    "MIT AND GPL-2.0",
    "(MIT OR Apache-2.0) AND LGPL-3.0",
    "unknown",
    "SEE LICENSE IN x",
    "",
  ])
    expect([not, mayBeShipped(not)]).toEqual([not, false]);
});

test("nothing that is shipped is under a licence that reaches our own code", () => {
  const packages = shippedPackages();
  for (const name of ["react", "lit", "pg", "bullmq", "@supabase/lite", "zod", "nodemailer"])
    expect(packages.map((one) => one.name)).toContain(name);
  expect(packages.map(({ name }) => name)).not.toContain("vitest");
  expect(packages.filter(({ licence }) => !mayBeShipped(licence))).toEqual([]);
});
