import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const mail = z.object({ to: z.string(), subject: z.string(), html: z.string().nullish(), text: z.string().nullish(), sentAt: z.string() });
export type Mail = { id: string; to: string; subject: string; html: string | null; text: string; sentAt: string };

const SHOWN = 50;
const MAX_BYTES = 512 * 1024;

/** The latest e-mails that the embedded backend kept in a folder, newest first. Files that are no mail are passed over. */
export async function listMails(folder: string): Promise<Mail[]> {
  const names = await readdir(folder).catch(() => []);
  const latest = names
    .filter((name) => name.endsWith(".json"))
    .sort()
    .reverse()
    .slice(0, SHOWN);
  const mails = await Promise.all(latest.map((name) => readMail(folder, name)));
  return mails.filter((found) => found !== null).sort((a, b) => b.sentAt.localeCompare(a.sentAt));
}

async function readMail(folder: string, name: string): Promise<Mail | null> {
  try {
    const path = join(folder, name);
    if ((await stat(path)).size > MAX_BYTES) return null;
    const { html, text, ...rest } = mail.parse(JSON.parse(await readFile(path, "utf8")));
    return { ...rest, id: name.slice(0, -5), html: html ?? null, text: text ?? "" };
  } catch {
    return null;
  }
}
