import { BackupError } from "@gpt-agent/core/backup/errors";

/** Runs a program to its end: what goes wrong is said in a line, with exit status 1; a configuration that is not whole ends with 78. */
export async function runProgram(work: () => Promise<void>): Promise<never> {
  try {
    await work();
    process.exit(process.exitCode ?? 0);
  } catch (error) {
    if (!(error instanceof BackupError))
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error)}\n`);
    else process.stderr.write(`${error.message}\n`);
    process.exit(error instanceof BackupError && error.code === "unconfigured" ? 78 : 1);
  }
}

export const say = (line: string) => void process.stdout.write(`${line}\n`);

/** Bytes in words. */
export const size = (bytes: number) => (bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`);
