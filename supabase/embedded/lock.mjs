import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/**
 * Takes the lock on a folder, so that one process alone uses it. The lock is a listening local socket, so a killed
 * process leaves none behind. Plain JavaScript, for the start script uses it before anything is built.
 * @param {string} folder the folder to lock
 * @param {string} purpose a word that tells several locks on one folder apart
 * @param {number} [waitMs] how long to wait for another process to let go
 * @returns {Promise<null | (() => void)>} a function that lets go, or null when another process holds the lock
 */
export async function lockFolder(folder, purpose, waitMs = 0) {
  const name = `gpt-agent-${createHash("sha256")
    .update(`${purpose}:${resolve(folder)}`)
    .digest("hex")
    .slice(0, 24)}`;
  const path = process.platform === "win32" ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
  const deadline = Date.now() + waitMs;
  for (;;) {
    const server = await listen(path);
    if (server) {
      server.unref();
      return () => server.close();
    }
    if (!(await answers(path))) {
      // A socket file nobody listens on: its process was killed.
      rmSync(path, { force: true });
      continue;
    }
    if (Date.now() >= deadline) return null;
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

const listen = (path) =>
  new Promise((done, fail) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error) => (error.code === "EADDRINUSE" ? done(null) : fail(error)));
    server.listen(path, () => done(server));
  });

const answers = (path) =>
  new Promise((done) => {
    const socket = connect(path, () => {
      socket.destroy();
      done(true);
    });
    socket.once("error", () => done(false));
  });
