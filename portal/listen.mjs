// Listens so that a crowd is taken on at once.
//
// Node takes on one connection in each turn of its event loop (libuv 1.45 and later, https://github.com/libuv/libuv/pull/3696). The turns of a
// portal that writes hundreds of answers take tens of milliseconds, so that new visitors, and those who are to be refused, would wait for seconds
// where they see nothing of us: in the queue of the kernel. Several handles on the same socket each take one on in a turn. Node makes such a
// handle only for another process, so one sends them back.
import { fork } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

/**
 * Connections that may wait to be taken on (the system may allow fewer). With Node's 511 the kernel turns a crowd away, which then comes
 * back only after seconds: those who are refused, too, waited for half a minute.
 */
const BACKLOG = 4_096;
/** Connections to be taken on in a turn. With eight, a full portal still told the last ones so after 12 s, with these after 1.2. */
const HANDLES = 64;

/**
 * Listens, with one handle at once and the others a moment later. What goes wrong before it listens is the server's "error".
 * @param {import("node:http").Server} server gets the connections of all handles
 * @param {number} port
 * @param {string} host
 * @returns {import("./listen.mjs").Door}
 */
export function listen(server, port, host) {
  const servers = [server];
  let closing = false;
  const listening = new Promise((resolve) => server.listen(port, host, BACKLOG, () => resolve()));
  const add = (handle) => {
    // Else it would stay open without anybody to take on what comes.
    if (closing) return handle.close();
    const more = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => server.emit("connection", socket));
    servers.push(more.listen(handle, BACKLOG));
  };
  return {
    listening,
    wide: listening.then(() => copies(server, HANDLES - 1, add)).then(() => servers.length),
    async close() {
      closing = true;
      await Promise.all(servers.map((one) => new Promise((done) => one.close(done))));
    },
  };
}

/** Gives `add` as many other handles of the server's socket. Fewer when that cannot be done: with one alone all works, if slowly. */
function copies(server, count, add) {
  return new Promise((resolve) => {
    const options = { execArgv: [], env: {}, stdio: ["ignore", "ignore", "ignore", "ipc"] };
    const child = fork(fileURLToPath(new URL("send-back.mjs", import.meta.url)), options);
    let left = count;
    child.on("message", (_, handle) => {
      if (handle) add(handle);
      if (--left === 0) child.disconnect();
    });
    child.once("error", resolve);
    child.once("exit", resolve);
    if (!server._handle) return child.kill();
    child.send({ count }, server._handle, { keepOpen: true }, (error) => error && child.kill());
  });
}
