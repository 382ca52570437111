// `npm run doctor [-- --json]`: looks at an installation, says what is wrong and what to do. Exit status 1 when something fails.
import { presentEnv } from "@gpt-agent/core/env";
import { examine } from "./examine.ts";
import type { Finding } from "./finding.ts";

const SIGNS: Record<Finding["status"], string> = { ok: "✓", warn: "!", fail: "✗", off: "·" };

const findings = await examine(presentEnv());
const count = (status: Finding["status"]) => findings.filter((finding) => finding.status === status).length;
if (process.argv.includes("--json")) process.stdout.write(`${JSON.stringify({ ok: count("fail") === 0, findings }, null, 2)}\n`);
else {
  for (const { status, check, says, todo } of findings)
    process.stdout.write(`${SIGNS[status]} ${check}: ${says}\n${todo ? `    → ${todo}\n` : ""}`);
  const verdict = count("fail") > 0 ? `${count("fail")} to mend` : "Nothing is broken";
  process.stdout.write(`\n${verdict}${count("warn") > 0 ? `, ${count("warn")} to look at` : ""}.\n`);
}
process.exit(count("fail") > 0 ? 1 : 0);
