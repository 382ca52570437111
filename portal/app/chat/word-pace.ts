import type { Gathering } from "@gpt-agent/core/llm/gather";

/** A word waits this long for those that come close behind it, in milliseconds: people see no difference. */
const LEAST_MS = 20;
/** The more answers are being written, the longer it gets, by this for each of them; what an answer costs then stays affordable. */
const MS_PER_ANSWER = 1;
/** But never longer than this: words that come three to five times a second still read as writing. */
const MOST_MS = 200;

/** The timer looks this often whose time has come, in milliseconds. */
const LOOK_EVERY_MS = 10;

/**
 * Brings together words that come close together, so that all that happens to an answer's words (citations, guard, run log, every
 * reader's socket) happens a few times a second and not for each token. The first words of an answer, and those after a silence, never
 * wait. One timer serves all answers of the process, each in its own time: what all of them had to say at once would keep the last of them,
 * and its reader, waiting as long again.
 */
export class WordPace {
  /** What passes an answer's words on, and since when it may, by performance.now(); those of the same LOOK_EVERY_MS together. */
  private readonly waiting = new Map<number, Map<() => void, number>>();
  private answers = 0;
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param write gets the words, in whatever they come (packets of a model's answer, or text), in their order; must not throw. Returns whether
   * an end of them is kept back that the next word decides (a full stop that may be a host's): that waits already, and the next word no
   * longer than it may, so that it is no later than others
   */
  gather<T>(write: (words: T[]) => boolean): Gathering<T> {
    this.answers++;
    let held: T[] = [];
    let addedAt = 0;
    let passedAt = Number.NEGATIVE_INFINITY;
    /** Since when an end of what was passed on waits for the next word; null when nothing of it does. */
    let keptSince: number | null = null;
    let together: Map<() => void, number> | undefined;
    const pass = () => {
      together?.delete(pass);
      if (held.length === 0) return;
      const words = held;
      held = [];
      passedAt = performance.now();
      keptSince = write(words) ? addedAt : null;
    };
    return {
      add: (word) => {
        const waits = held.length > 0;
        held.push(word);
        addedAt = performance.now();
        if (waits) return;
        // From the word's coming, not from the last ones' going: as long a wait brings together half as many words again.
        const due = (keptSince ?? addedAt) + this.windowMs;
        if (addedAt >= Math.min(due, passedAt + this.windowMs)) pass();
        else together = this.wait(pass, due);
      },
      pass,
      end: () => {
        this.answers--;
        pass();
      },
    };
  }

  private get windowMs(): number {
    return Math.min(MOST_MS, Math.max(LEAST_MS, this.answers * MS_PER_ANSWER));
  }

  private wait(pass: () => void, due: number): Map<() => void, number> {
    const when = Math.floor(due / LOOK_EVERY_MS);
    let together = this.waiting.get(when);
    if (!together) {
      together = new Map();
      this.waiting.set(when, together);
    }
    together.set(pass, due);
    this.timer ??= setTimeout(() => this.look(), LOOK_EVERY_MS);
    return together;
  }

  private look(): void {
    const now = performance.now();
    for (const [when, together] of this.waiting) {
      if (when * LOOK_EVERY_MS > now) continue;
      for (const [pass, due] of together) if (due <= now) pass();
      if (together.size === 0) this.waiting.delete(when);
    }
    this.timer = this.waiting.size > 0 ? setTimeout(() => this.look(), LOOK_EVERY_MS) : undefined;
  }
}
