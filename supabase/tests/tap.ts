/** What a TAP stream says. */
export type TapReport = { planned: number | null; passed: number; failures: string[] };

/**
 * Reads TAP, a line an entry. A failure keeps the diagnostics (`# …`) that follow it. A stream without a plan, or with more or
 * fewer assertions than planned, is itself a failure.
 */
export function readTap(lines: string[]): TapReport {
  const report: TapReport = { planned: null, passed: 0, failures: [] };
  let ran = 0;
  let failing = false;
  for (const line of lines) {
    const plan = /^1\.\.(\d+)/.exec(line);
    if (plan) report.planned = Number(plan[1]);
    else if (/^not ok\b/.test(line)) {
      ran++;
      failing = true;
      report.failures.push(line);
    } else if (/^ok\b/.test(line)) {
      ran++;
      failing = false;
      report.passed++;
    } else if (line.startsWith("#") && failing) {
      report.failures[report.failures.length - 1] += `\n${line}`;
    }
  }
  if (report.planned === null) report.failures.push("no plan: start with select plan(…)");
  else if (report.planned !== ran) report.failures.push(`planned ${report.planned} assertions but ran ${ran}`);
  return report;
}
