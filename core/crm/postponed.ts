/** Thrown when work has to wait without having failed: it goes on in another job, and the try does not count. */
export class Postponed extends Error {
  override name = "Postponed";
  /** @param waitMs milliseconds before it makes sense to go on */
  constructor(readonly waitMs: number) {
    super(`Goes on in ${waitMs} ms`);
  }
}
