import type { Log } from "@gpt-agent/core/log";

/** What an answer has so far; `text` is null when only its lease is to be renewed. */
export type PartialAnswer = { orgId: string; runId: string; text: string | null };

/** A growing answer, as whoever writes it shows it to the saver. */
export type Growing = {
  orgId: string;
  runId: string;
  text(): string;
  /** Called when the run should not go on: it was stopped, superseded or erased elsewhere. */
  stop(): void;
};

/** How often a growing answer is saved, in milliseconds: this much of it can be lost with the process. */
const SAVE_EVERY_MS = 1_800;
/** The runs take turns, so that no save is a large one. */
const LOOK_EVERY_MS = 200;
/** The lease is 30 s; it is renewed this often even when no word came, in milliseconds. */
const RENEW_EVERY_MS = 8_000;

/** `saved` is the length of what is stored: a growing answer only grows. */
type Entry = { growing: Growing; saved: number; lastAt: number };

/**
 * Saves the growing answers of this process, those that are due in one call: with hundreds of answers at once, a call for each of
 * them would cost more than all else that is done for them. When the database is slow, the next save waits for the one before.
 * @param save stores them and renews their leases; returns the runs that should not go on
 */
export class PartialSaver {
  private readonly entries = new Set<Entry>();
  private timer: NodeJS.Timeout | undefined;
  private saving: Promise<void> | null = null;

  constructor(
    private readonly save: (partials: PartialAnswer[]) => Promise<string[]>,
    private readonly log: Log,
  ) {}

  /** Saves this answer from now on, until the returned function is called. A save that comes after the answer's end changes nothing. */
  watch(growing: Growing): () => void {
    const entry = { growing, saved: 0, lastAt: performance.now() };
    this.entries.add(entry);
    this.timer ??= setInterval(() => this.look(), LOOK_EVERY_MS);
    return () => {
      this.entries.delete(entry);
      if (this.entries.size === 0) {
        clearInterval(this.timer);
        this.timer = undefined;
      }
    };
  }

  private look(): void {
    if (this.saving) return;
    const now = performance.now();
    const due: { entry: Entry; text: string; partial: PartialAnswer }[] = [];
    for (const entry of this.entries) {
      const { growing, saved, lastAt } = entry;
      if (now - lastAt < SAVE_EVERY_MS) continue;
      const text = growing.text();
      if (text.length === saved && now - lastAt < RENEW_EVERY_MS) continue;
      due.push({ entry, text, partial: { orgId: growing.orgId, runId: growing.runId, text: text.length === saved ? null : text } });
    }
    if (due.length === 0) return;
    for (const { entry } of due) entry.lastAt = now;
    this.saving = this.save(due.map(({ partial }) => partial))
      .then((ended) => {
        for (const { entry, text } of due) {
          entry.saved = text.length;
          if (ended.includes(entry.growing.runId)) entry.growing.stop();
        }
      })
      .catch((error) => this.log.warn("partial answers could not be saved", { error, answers: due.length }))
      .finally(() => {
        this.saving = null;
      });
  }
}
