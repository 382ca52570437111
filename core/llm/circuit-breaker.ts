type Circuit = { failures: number; openedAt: number | null; nextProbeAt: number };

/**
 * Spares visitors the wait for what has failed again and again (Nygard, Release It!, "Circuit Breaker"): after `threshold` failures
 * in a row a circuit opens; while it is open one call in `probeEveryMs` goes through to see, and a success closes it. A probe that
 * tells nothing either way only uses up its turn.
 */
export class CircuitBreaker {
  private readonly circuits = new Map<string, Circuit>();
  private readonly threshold: number;
  private readonly probeEveryMs: number;
  private readonly now: () => number;
  private readonly onChange: (key: string, state: "open" | "closed") => void;

  constructor(
    options: {
      threshold?: number;
      probeEveryMs?: number;
      now?: () => number;
      onChange?: (key: string, state: "open" | "closed") => void;
    } = {},
  ) {
    this.threshold = options.threshold ?? 5;
    this.probeEveryMs = options.probeEveryMs ?? 10_000;
    this.now = options.now ?? (() => performance.now());
    this.onChange = options.onChange ?? (() => {});
  }

  /** May a call be made now? Where the circuit is open, a yes is the one probe of its interval. */
  allows(key: string): boolean {
    const circuit = this.circuits.get(key);
    if (circuit === undefined || circuit.openedAt === null) return true;
    if (this.now() < circuit.nextProbeAt) return false;
    circuit.nextProbeAt = this.now() + this.probeEveryMs;
    return true;
  }

  isOpen(key: string): boolean {
    return (this.circuits.get(key)?.openedAt ?? null) !== null;
  }

  /** The circuits that are open, and for how many milliseconds. */
  open(): { key: string; forMs: number }[] {
    return [...this.circuits].flatMap(([key, { openedAt }]) => (openedAt === null ? [] : [{ key, forMs: this.now() - openedAt }]));
  }

  succeeded(key: string): void {
    const wasOpen = this.isOpen(key);
    this.circuits.delete(key);
    if (wasOpen) this.onChange(key, "closed");
  }

  failed(key: string): void {
    const circuit = this.circuits.get(key) ?? { failures: 0, openedAt: null, nextProbeAt: 0 };
    this.circuits.set(key, circuit);
    if (++circuit.failures < this.threshold || circuit.openedAt !== null) return;
    circuit.openedAt = this.now();
    circuit.nextProbeAt = this.now() + this.probeEveryMs;
    this.onChange(key, "open");
  }
}
