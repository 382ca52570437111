import { createHash } from "node:crypto";
import { toAppError } from "@gpt-agent/core/errors";
import { FILE_EXTENSIONS, MAX_FILE_BYTES } from "@gpt-agent/core/limits";
import { putObject, removeObject, sourceKey } from "@gpt-agent/core/storage";
import type { ActionFunctionArgs } from "@remix-run/node";
import { z } from "zod";
import { readBody } from "~/http/form.server";
import { found, notFound, requireMember, uuidParam } from "~/http/guards.server";
import { handOverCookies } from "~/http/session.server";
import { findAgent } from "~/models/agent.server";
import { displayFileName } from "~/models/file-name";
import { addFileSource } from "~/models/source.server";
import { uuidV7 } from "~/models/uuid-v7.server";
import { log } from "~/services.server";

export const loader = () => {
  throw notFound();
};

const query = z.strictObject({ name: z.string().min(1).max(2_000) });
/** A media type is a hint from the browser; the worker decides by the bytes. */
const mediaType = z
  .string()
  .max(120)
  .regex(/^[\w.+-]+\/[\w.+-]+$/)
  .catch("application/octet-stream");

/**
 * PUT ?name=<file name> with the file as the raw body: stores it under an id of ours and starts its reading.
 * Answers 201 {id}, or {error} with 413 (too large), 415 (a kind we cannot read), 422 (empty), 403, 404 or 503.
 */
export async function action({ request, params }: ActionFunctionArgs) {
  const answer = await upload(request, params).catch((thrown: unknown) => {
    if (thrown instanceof Response) return thrown;
    const error = toAppError(thrown);
    if (error.status >= 500) log.error("An upload failed", { error: thrown });
    return refusal(error.code, error.status);
  });
  answer.headers.set("Cache-Control", "no-store");
  answer.headers.set("X-Content-Type-Options", "nosniff");
  handOverCookies(request, answer.headers);
  return answer;
}

const refusal = (error: string, status: number) => Response.json({ error }, { status });

async function upload(request: Request, params: ActionFunctionArgs["params"]): Promise<Response> {
  if (request.method !== "PUT") return refusal("method_not_allowed", 405);
  const { db, org } = await requireMember(request, params.orgSlug, "editor");
  const agent = found(await findAgent(db, { orgId: org.id, agentId: uuidParam(params.agentId) }));
  const named = query.safeParse(Object.fromEntries(new URL(request.url).searchParams));
  if (!named.success) return refusal("invalid_request", 400);
  const title = displayFileName(named.data.name);
  if (!FILE_EXTENSIONS.some((extension) => title.toLowerCase().endsWith(extension))) return refusal("unsupported_type", 415);

  const bytes = await readBody(request, MAX_FILE_BYTES);
  if (!bytes.byteLength) return refusal("empty", 422);
  const type = mediaType.parse(request.headers.get("content-type")?.split(";")[0]?.trim() ?? "");
  const sourceId = uuidV7();
  const key = sourceKey({ orgId: org.id, agentId: agent.id, sourceId });
  // As the person themselves: storage policies and the database check the role once more.
  await putObject(db, key, bytes, type);
  try {
    const hash = createHash("sha256").update(bytes).digest("hex");
    await addFileSource(db, { orgId: org.id, agentId: agent.id, sourceId, title, mediaType: type, bytes: bytes.byteLength, hash });
  } catch (error) {
    await removeObject(db, key).catch((left: unknown) =>
      log.warn("An object without a source was left in storage", { error: left, sourceId }),
    );
    throw error;
  }
  return Response.json({ id: sourceId }, { status: 201 });
}
