/** The newest results of a computation by the text that they depend on; the one that was longest not asked for makes room. */
export class Kept<T> {
  private readonly results = new Map<string, T>();

  /** @param most so many results are kept */
  constructor(private readonly most: number) {}

  /** The result for a text: the one that was computed before, or else a new one. */
  get(text: string, compute: () => T): T {
    const known = this.results.get(text);
    if (known !== undefined) this.results.delete(text);
    const result = known ?? compute();
    this.results.set(text, result);
    if (this.results.size > this.most) this.results.delete(this.results.keys().next().value as string);
    return result;
  }
}
