import { AppError } from "@gpt-agent/core/errors";
import { FILE_EXTENSIONS, MAX_FILE_BYTES } from "@gpt-agent/core/limits";
import { z } from "zod";
import { readQuery } from "~/api/page";
import { storableText } from "~/api/storable-text";
import { readBytes, readJson } from "~/http/json-body";
import { displayFileName } from "~/models/file-name";

/** A source that is to be added: the bytes that will be read, and how it is shown. */
export type NewSource = { kind: "file" | "qa"; title: string; mediaType: string; bytes: Uint8Array };

/** A question with its answer. */
export const questionAndAnswer = z.strictObject({
  type: z.literal("qa", { error: 'must be "qa"; web pages ("url") are not read yet, and files are sent as the body itself' }),
  question: storableText(300),
  answer: storableText(20_000),
});

export const uploadQuery = z.strictObject({ name: z.string().min(1).max(2_000).optional() });

/** A media type is a hint from the caller; the worker decides by the bytes. */
const mediaType = z
  .string()
  .max(120)
  .regex(/^[\w.+-]+\/[\w.+-]+$/)
  .catch("application/octet-stream");

/** Bodies that only look like a file: their bytes are an envelope. */
const ENVELOPES = /^(multipart\/|application\/x-www-form-urlencoded$)/;

/**
 * What POST …/sources adds: a question with its answer as JSON, or a file as the body itself with its ?name=.
 * @throws AppError("invalid_request" | "unsupported_media_type" | "too_large")
 */
export async function readNewSource(request: Request): Promise<NewSource> {
  const { name } = readQuery(request.url, uploadQuery);
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "application/json") {
    const { question, answer } = await readJson(request, questionAndAnswer);
    return { kind: "qa", title: question, mediaType: "text/plain", bytes: Buffer.from(`${question}\n\n${answer}\n`, "utf8") };
  }
  if (ENVELOPES.test(type))
    throw new AppError("unsupported_media_type", "Send the file itself as the body (with its own content type), and its name as ?name=.");
  if (name === undefined) throw new AppError("invalid_request", "name: add the file's name to the address, such as ?name=handbook.pdf.");
  const title = displayFileName(name);
  if (!FILE_EXTENSIONS.some((extension) => title.toLowerCase().endsWith(extension)))
    throw new AppError("unsupported_media_type", `The file's name must end in one of ${FILE_EXTENSIONS.join(", ")}.`);
  const bytes = await readBytes(request, MAX_FILE_BYTES);
  if (bytes.byteLength === 0) throw new AppError("invalid_request", "The file is empty.");
  return { kind: "file", title, mediaType: mediaType.parse(type), bytes };
}
