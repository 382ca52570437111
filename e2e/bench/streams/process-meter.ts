import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";

/**
 * What a process uses: CPU time since its start in milliseconds, memory in bytes. `outside` is what V8 knows of outside of its heap; of that,
 * `buffers` are JavaScript's own, without the memory of WebAssembly.
 */
export type Use = { cpuMs: number; heap: number; outside: number; buffers: number; rss: number };

/**
 * Looks into a running Node process through its inspector, which SIGUSR1 opens; the process must have been started with
 * --inspect-port=0, and tells the address on stderr.
 * @param output all that the process has written so far
 */
export class ProcessMeter {
  private calls = 0;
  private constructor(
    readonly pid: number,
    private readonly socket: WebSocket,
  ) {}

  static async attach(pid: number, output: () => string): Promise<ProcessMeter> {
    const known = output().length;
    process.kill(pid, "SIGUSR1");
    for (let tries = 0; tries < 100; tries++) {
      const [address] = /ws:\/\/[\d.]+:\d+\/[\w-]+/.exec(output().slice(known)) ?? [];
      if (address) {
        const socket = new WebSocket(address, { perMessageDeflate: false, maxPayload: 1 << 30 });
        await new Promise((open, fail) => socket.once("open", open).once("error", fail));
        return new ProcessMeter(pid, socket);
      }
      await sleep(50);
    }
    throw new Error(`Process ${pid} opened no inspector:\n${output().slice(known)}`);
  }

  /** One command of the inspector's protocol (https://chromedevtools.github.io/devtools-protocol/v8/). */
  send<T>(method: string, params: object = {}): Promise<T> {
    const id = ++this.calls;
    return new Promise((resolve, reject) => {
      const hear = (data: WebSocket.RawData) => {
        const message = JSON.parse(String(data)) as { id?: number; result: T; error?: { message: string } };
        if (message.id !== id) return;
        this.socket.off("message", hear);
        if (message.error) reject(new Error(message.error.message));
        else resolve(message.result);
      };
      this.socket.on("message", hear);
      this.socket.send(JSON.stringify({ id, method, params }));
    });
  }

  /** What the process uses now. @param options.collect after a garbage collection */
  async use(options: { collect?: boolean } = {}): Promise<Use> {
    if (options.collect) await this.send("HeapProfiler.collectGarbage");
    const expression = "JSON.stringify([process.cpuUsage(), process.memoryUsage()])";
    const { result } = await this.send<{ result: { value: string } }>("Runtime.evaluate", { expression });
    const [cpu, memory] = JSON.parse(result.value) as [NodeJS.CpuUsage, NodeJS.MemoryUsage];
    const { heapUsed: heap, external: outside, arrayBuffers: buffers, rss } = memory;
    return { cpuMs: (cpu.user + cpu.system) / 1000, heap, outside, buffers, rss };
  }

  close(): void {
    this.socket.close();
  }
}

/** The fields of /proc/<pid>/stat after the process's name, the first of which is the third of proc(5). */
const statOf = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");

/** The CPU time of a process in milliseconds as Linux counts it; for processes without an inspector. */
export function cpuOf(pid: number): number {
  const fields = statOf(pid);
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The same of a process and its children, those that have ended among them: a Postgres server is one of each session. */
export function cpuOfFamily(pid: number): number {
  const ended = statOf(pid);
  let sum = cpuOf(pid) + (Number(ended[13]) + Number(ended[14])) * 10;
  for (const child of readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean)) {
    try {
      sum += cpuOf(Number(child));
    } catch {
      // It has ended meanwhile.
    }
  }
  return sum;
}
