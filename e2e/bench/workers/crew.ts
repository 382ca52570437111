import { type ChildProcess, fork } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ensureBuilt } from "../../../scripts/project.mjs";

const MAIN = fileURLToPath(new URL("../../../worker/dist/main.js", import.meta.url));

/** A job begun by a worker; `at` is its own clock in milliseconds since 1970. */
export type Begun = { place: number; job: string; jobId: string; at: number };

/**
 * Workers as they are deployed, each a process of its own that is started again when it is killed. What they begin and give up is
 * read from their logs.
 */
export class Crew {
  readonly begun: Begun[] = [];
  readonly givenUp: string[] = [];
  kills = 0;
  private readonly places: ChildProcess[] = [];
  private stopping = false;

  private constructor(private readonly env: Record<string, string>) {}

  static async start(count: number, env: Record<string, string>): Promise<Crew> {
    await ensureBuilt();
    const crew = new Crew(env);
    await Promise.all(Array.from({ length: count }, (_, place) => crew.startWorker(place)));
    return crew;
  }

  /** The worker that began a job of this name last; -1 for none. */
  lastAt(job: string): number {
    return this.begun.findLast((one) => one.job === job)?.place ?? -1;
  }

  /** SIGKILL, as a machine that fails or memory that runs out; another takes the place. */
  kill(place: number): void {
    this.kills++;
    this.places[place]?.kill("SIGKILL");
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(
      this.places.map((worker) => {
        const ended = new Promise((done) => worker.once("exit", done));
        if (worker.exitCode !== null || worker.signalCode) return null;
        worker.kill("SIGKILL");
        return ended;
      }),
    );
  }

  private startWorker(place: number): Promise<void> {
    const worker = fork(MAIN, [], {
      env: {
        NODE_ENV: "production",
        PATH: "/usr/bin:/bin",
        LOG_LEVEL: "debug",
        APP_URL: "http://portal.test",
        WORKER_PORT: "0",
        ...this.env,
      },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.places[place] = worker;
    for (const stream of [worker.stdout!, worker.stderr!]) createInterface({ input: stream }).on("line", (line) => this.hear(place, line));
    worker.once("exit", () => {
      if (!this.stopping) void this.startWorker(place);
    });
    return new Promise((ready) => worker.once("message", () => ready()));
  }

  private hear(place: number, line: string): void {
    if (!line.startsWith("{")) return;
    const { time, message, job, jobId, error } = JSON.parse(line) as Record<string, string>;
    if (message === "A job begins") this.begun.push({ place, job: job!, jobId: jobId!, at: Date.parse(time!) });
    if (message === "A job is given up") this.givenUp.push(`${job}: ${JSON.stringify(error)}`);
  }
}
