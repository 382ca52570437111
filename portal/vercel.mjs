// The portal as a function on Vercel: the same app as in server.mjs, called with each request. scripts/build-vercel.mjs bundles it.
import * as build from "./build/server/index.js";
import { createPortal } from "./handler.mjs";

const portal = createPortal(build);
const { drain } = build.entry.module;

/**
 * Answers outlive their readers, and a function may be frozen when its response has ended: Vercel is asked to wait, up to maxDuration, until
 * the response has ended and no answer is being written. Asked at once, as afterwards could be too late. What `waitUntil` of
 * @vercel/functions does, and nothing where there is no such context.
 */
function stayAwake(response) {
  const ended = new Promise((resolve) => response.once("close", resolve));
  globalThis[Symbol.for("@vercel/request-context")]?.get?.()?.waitUntil?.(ended.then(drain.whenIdle));
}

/** @type {import("node:http").RequestListener} */
export default function handle(request, response) {
  // Between us and the reader is no socket of ours: whoever is there may want to see what is written (http/node-handler.ts).
  response.write = response.write.bind(response);
  stayAwake(response);
  portal(request, response);
}
