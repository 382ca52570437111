import type { Gathering } from "@gpt-agent/core/llm/gather";

/** A word waits this long for those that come close behind it, in milliseconds: people see no difference. */
const LEAST_MS = 20;
/** The more answers are being written, the longer it gets, by this for each of them; what an answer costs then stays affordable. */
const MS_PER_ANSWER = 1;
/** But never longer than this: words that come three to five times a second still read as writing. */
const MOST_MS = 200;

/** Those whose time has come are looked for this often, in milliseconds. */
const LOOK_EVERY_MS = 10;

/** Whole milliseconds: a fraction would be an object of its own on V8's heap, for each word. */
const nowMs = () => Math.trunc(performance.now());

/** The words of one answer on their way. All that a word touches while it waits is in here: among hundreds of answers it has left the processor's caches. */
class Gathered<T> implements Gathering<T> {
  private words: T[] = [];
  private addedAt = 0;
  private passedAt = -MOST_MS;
  /** Since when an end of what was passed on waits for the next word; null when nothing of it does. */
  private keptSince: number | null = null;
  /** When the words that wait are passed on at the latest, in LOOK_EVERY_MS; null when none do. */
  due: number | null = null;

  constructor(
    private readonly pace: WordPace,
    private readonly write: (words: T[]) => boolean,
  ) {}

  add(word: T): void {
    this.words.push(word);
    this.addedAt = nowMs();
    if (this.due !== null) return;
    const { windowMs } = this.pace;
    // From the word's coming, not from the last ones' going: as long a wait brings together half as many words again.
    const due = (this.keptSince ?? this.addedAt) + windowMs;
    if (this.addedAt >= Math.min(due, this.passedAt + windowMs)) this.pass();
    else {
      this.due = Math.ceil(due / LOOK_EVERY_MS);
      this.pace.wait(this, this.due);
    }
  }

  pass(): void {
    this.due = null;
    if (this.words.length === 0) return;
    const { words } = this;
    this.words = [];
    this.passedAt = nowMs();
    this.keptSince = this.write(words) ? this.addedAt : null;
  }

  end(): void {
    this.pace.ended();
    this.pass();
  }
}

/** What its pace knows of an answer. */
type Waiting = Pick<Gathered<unknown>, "due" | "pass">;

/**
 * Brings together words that come close together, so that all that happens to an answer's words (citations, guard, run log, every
 * reader's socket) happens a few times a second and not for each token. The first words of an answer, and those after a silence, never
 * wait. One timer serves all answers of the process, each in its own time: what all of them had to say at once would keep the last of them,
 * and its reader, waiting as long again.
 */
export class WordPace {
  /** Answers with words that wait, by when those are due, in LOOK_EVERY_MS. */
  private readonly waiting = new Map<number, Waiting[]>();
  private answers = 0;
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param write gets the words, in whatever they come (packets of a model's answer, or text), in their order; must not throw. Returns whether
   * an end of them is kept back that the next word decides (a full stop that may be a host's): that waits already, and the next word no
   * longer than it may, so that it is no later than others
   */
  gather<T>(write: (words: T[]) => boolean): Gathering<T> {
    this.answers++;
    return new Gathered(this, write);
  }

  /** How long a word waits now, in milliseconds. */
  get windowMs(): number {
    return Math.min(MOST_MS, Math.max(LEAST_MS, this.answers * MS_PER_ANSWER));
  }

  /** Passes on what an answer has by then, unless it has done so itself. */
  wait(answer: Waiting, due: number): void {
    const together = this.waiting.get(due);
    if (together) together.push(answer);
    else this.waiting.set(due, [answer]);
    this.timer ??= this.lookSoon();
  }

  ended(): void {
    this.answers--;
  }

  private lookSoon(): NodeJS.Timeout {
    return setTimeout(() => this.look(), LOOK_EVERY_MS - (performance.now() % LOOK_EVERY_MS));
  }

  private look(): void {
    const now = performance.now() / LOOK_EVERY_MS;
    for (const [due, together] of this.waiting) {
      if (due > now) continue;
      this.waiting.delete(due);
      for (const answer of together) if (answer.due === due) answer.pass();
    }
    this.timer = this.waiting.size > 0 ? this.lookSoon() : undefined;
  }
}
