/** How many backups are kept: the newest of each of so many days, weeks and months that have one. */
export type Retention = { daily: number; weekly: number; monthly: number };

export const BACKUP_NAME = /^gpt-agent-(\d{4}-\d{2}-\d{2})T(\d{2})(\d{2})(\d{2})Z\.gapbackup$/;

/** A backup's file name, by when it was begun (UTC). */
export const backupName = (at: Date) => `gpt-agent-${at.toISOString().slice(0, 19).replaceAll(":", "")}Z.gapbackup`;

/** When a backup of this name was begun; null for any other file. */
export function backupTime(name: string): Date | null {
  const [, day, hours, minutes, seconds] = BACKUP_NAME.exec(name) ?? [];
  return day ? new Date(`${day}T${hours}:${minutes}:${seconds}Z`) : null;
}

const day = (at: Date) => at.toISOString().slice(0, 10);
/** The Monday of a day's week. */
const week = (at: Date) => day(new Date(at.getTime() - ((at.getUTCDay() + 6) % 7) * 86_400_000));
const month = (at: Date) => at.toISOString().slice(0, 7);

/**
 * Which backups go. The newest always stays, and names that are not ours are never touched.
 * @returns names to remove
 */
export function outlived(names: readonly string[], { daily, weekly, monthly }: Retention): string[] {
  const backups = names
    .flatMap((name) => {
      const at = backupTime(name);
      return at ? [{ name, at }] : [];
    })
    .sort((a, b) => b.at.getTime() - a.at.getTime());
  const kept = new Set(backups.slice(0, 1).map(({ name }) => name));
  for (const [period, count] of [
    [day, daily],
    [week, weekly],
    [month, monthly],
  ] as const) {
    const seen = new Set<string>();
    for (const { name, at } of backups) {
      const span = period(at);
      if (seen.has(span)) continue;
      if (seen.size >= count) break;
      seen.add(span);
      kept.add(name);
    }
  }
  return backups.filter(({ name }) => !kept.has(name)).map(({ name }) => name);
}
