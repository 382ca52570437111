/** Why an upload ended without a document. */
export type UploadFailure = "broken" | "too_large" | "empty" | "unsupported_type" | "forbidden" | "unavailable";

export type Upload = {
  id: number;
  name: string;
  size: number;
  state: "waiting" | "sending" | "finishing" | "failed" | "cancelled";
  /** Bytes that have left, while sending. */
  sent: number;
  failure?: UploadFailure;
};

type Entry = Upload & { file: File; request?: XMLHttpRequest };

const AT_ONCE = 3;

/** The failure that a refused upload's status and body tell of. */
export function uploadFailure(status: number, error: unknown): UploadFailure {
  if (error === "unsupported_type" || status === 415) return "unsupported_type";
  if (error === "empty" || status === 422) return "empty";
  if (status === 413) return "too_large";
  if (status === 401 || status === 403 || status === 404) return "forbidden";
  return status === 0 ? "broken" : "unavailable";
}

/** Files on their way to one address, three at a time. Lives outside of the page, so that changing tabs stops nothing. */
export class UploadQueue {
  private entries: Entry[] = [];
  private snapshot: readonly Upload[] = [];
  private nextId = 1;
  private readonly listeners = new Set<() => void>();
  /** Called after each file that arrived. */
  onArrived: () => void = () => {};

  constructor(
    private readonly url: string,
    private readonly limits: { bytes: number; extensions: readonly string[] },
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly getSnapshot = (): readonly Upload[] => this.snapshot;

  get active(): boolean {
    return this.entries.some(({ state }) => state === "waiting" || state === "sending" || state === "finishing");
  }

  add(files: readonly File[]): void {
    for (const file of files) {
      const failure = this.refuse(file);
      this.entries.push({
        id: this.nextId++,
        name: file.name,
        size: file.size,
        sent: 0,
        file,
        ...(failure ? { state: "failed", failure } : { state: "waiting" }),
      });
    }
    this.advance();
  }

  cancel(id: number): void {
    const entry = this.find(id);
    if (!entry) return;
    const { request } = entry;
    this.change(entry, { state: "cancelled", request: undefined });
    request?.abort();
    this.advance();
  }

  retry(id: number): void {
    const entry = this.find(id);
    if (!entry) return;
    const failure = this.refuse(entry.file);
    this.change(entry, failure ? { state: "failed", failure } : { state: "waiting", failure: undefined, sent: 0 });
    this.advance();
  }

  dismiss(id: number): void {
    this.entries = this.entries.filter((entry) => entry.id !== id);
    this.publish();
  }

  private refuse(file: File): UploadFailure | undefined {
    if (file.size === 0) return "empty";
    if (file.size > this.limits.bytes) return "too_large";
    return this.limits.extensions.some((extension) => file.name.toLowerCase().endsWith(extension)) ? undefined : "unsupported_type";
  }

  private advance(): void {
    const running = this.entries.filter(({ state }) => state === "sending" || state === "finishing").length;
    for (const entry of this.entries.filter(({ state }) => state === "waiting").slice(0, Math.max(0, AT_ONCE - running))) this.send(entry);
    this.publish();
  }

  private send(entry: Entry): void {
    const request = new XMLHttpRequest();
    this.change(entry, { state: "sending", sent: 0, request });
    request.open("PUT", `${this.url}?${new URLSearchParams({ name: entry.name })}`);
    request.setRequestHeader("Content-Type", entry.file.type || "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = ({ loaded }) => this.change(entry, { sent: Math.min(loaded, entry.size) });
    request.upload.onload = () => entry.state === "sending" && this.change(entry, { state: "finishing", sent: entry.size });
    request.onloadend = () => {
      if (entry.request !== request) return;
      if (request.status === 201) {
        this.dismiss(entry.id);
        this.onArrived();
      } else {
        const { error } = (request.response ?? {}) as { error?: unknown };
        this.change(entry, { state: "failed", failure: uploadFailure(request.status, error), request: undefined });
      }
      this.advance();
    };
    request.send(entry.file);
  }

  private find(id: number): Entry | undefined {
    return this.entries.find((entry) => entry.id === id);
  }

  private change(entry: Entry, change: Partial<Entry>): void {
    Object.assign(entry, change);
    this.publish();
  }

  private publish(): void {
    this.snapshot = this.entries.map(({ file: _file, request: _request, ...upload }) => upload);
    for (const listener of this.listeners) listener();
  }
}
