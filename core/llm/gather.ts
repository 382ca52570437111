/** Pieces of one answer on their way on. */
export type Gathering<T> = {
  add(piece: T): void;
  /** Passes on at once what waits. */
  pass(): void;
  /** Passes on what waits. No more comes. */
  end(): void;
};

/**
 * Brings together pieces that come close together: `take` gets them in their order, several at once, and must not throw. What it returns is
 * to be ended, whatever happens.
 */
export type Gather = <T>(take: (pieces: T[]) => void) => Gathering<T>;

/** Passes on each piece as it comes. */
export const atOnce: Gather = (take) => ({ add: (piece) => take([piece]), pass() {}, end() {} });
