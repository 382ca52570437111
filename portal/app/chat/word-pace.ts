/** Words of an answer that come closer together than this go out together, in milliseconds: people see no difference. */
const LEAST_MS = 20;
/** The more answers are being written, the longer it gets, by this for each of them; what an answer costs then stays affordable. */
const MS_PER_ANSWER = 1;
/** But never longer than this: five times a second still reads as writing. */
const MOST_MS = 200;

/** The words of one answer on their way to it. */
export type Words = {
  add(text: string): void;
  /** Passes on what waits still. No more words come. */
  end(): void;
};

/**
 * Brings together words that come close together, so that all that happens to an answer's words (citations, guard, run log, every
 * reader's socket) happens a few times a second and not for each token. One timer serves all answers of the process. The first
 * words of an answer, and those after a silence, never wait.
 */
export class WordPace {
  private readonly waiting = new Set<() => void>();
  private answers = 0;
  private timer: NodeJS.Timeout | undefined;

  /** @param write gets the words in their order; must not throw */
  gather(write: (text: string) => void): Words {
    this.answers++;
    let held = "";
    let wroteAt = Number.NEGATIVE_INFINITY;
    const pass = () => {
      this.waiting.delete(pass);
      if (!held) return;
      const text = held;
      held = "";
      wroteAt = performance.now();
      write(text);
    };
    return {
      add: (text) => {
        held += text;
        if (performance.now() - wroteAt >= this.windowMs) pass();
        else this.wait(pass);
      },
      end: () => {
        this.answers--;
        pass();
      },
    };
  }

  private get windowMs(): number {
    return Math.min(MOST_MS, Math.max(LEAST_MS, this.answers * MS_PER_ANSWER));
  }

  private wait(pass: () => void): void {
    this.waiting.add(pass);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      for (const one of [...this.waiting]) one();
    }, this.windowMs);
  }
}
