import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FolderStore } from "./backup-store.ts";
import { backupBytes, checkBackup, readBackup } from "./make-backup.ts";
import type { BackupRecord } from "./records.ts";
import { backupName, backupTime, outlived } from "./retention.ts";
import { openFile, sealFile } from "./sealed-file.ts";

const key = randomBytes(32);
async function* pieces(bytes: Buffer, size = 100_000) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const all = async (source: AsyncIterable<Uint8Array>) => {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
};
const codeOf = async (work: Promise<unknown>) =>
  work.then(
    () => "opened",
    (error: { code?: string }) => error.code ?? String(error),
  );

/** The chunks of a sealed file, header first, so that a test can move them. */
function parts(file: Buffer): Buffer[] {
  const header = 12 + file.readUInt32BE(8);
  const found = [file.subarray(0, header)];
  for (let at = header; at < file.length; ) {
    const end = at + 4 + file.readUInt32BE(at);
    found.push(file.subarray(at, end));
    at = end;
  }
  return found;
}

describe("the envelope", () => {
  test.each([0, 1, 262_143, 262_144, 262_145, 1_048_576, 1_100_000])("gives back %i bytes, whatever the pieces", async (size) => {
    const plain = randomBytes(size);
    const file = await all(sealFile(pieces(plain, 70_001), key, new Date()));
    expect((await all(openFile(pieces(file, 33_333), [randomBytes(32), key]))).equals(plain)).toBe(true);
  });

  test("another key is refused before anything is decrypted", async () => {
    const file = await all(sealFile(pieces(randomBytes(1000)), key, new Date()));
    expect(await codeOf(all(openFile(pieces(file), [randomBytes(32)])))).toBe("wrong_key");
  });

  test("cut anywhere it does not open", async () => {
    const file = await all(sealFile(pieces(randomBytes(600_000)), key, new Date()));
    const chunks = parts(file);
    const edges = chunks.map((_, n) => Buffer.concat(chunks.slice(0, n)).length);
    for (const length of [1, 11, 40, ...edges.slice(1), ...edges.slice(1).map((at) => at + 3), file.length - 1]) {
      expect([length, await codeOf(all(openFile(pieces(file.subarray(0, length)), [key])))]).toEqual([
        length,
        length < 8 ? "not_a_backup" : length < 12 ? "damaged" : "truncated",
      ]);
    }
  });

  test("a changed bit, a moved, repeated or left-out chunk, and something after the end do not open", async () => {
    const file = await all(sealFile(pieces(randomBytes(900_000)), key, new Date()));
    const [header, a, b, c, d] = parts(file) as [Buffer, Buffer, Buffer, Buffer, Buffer];
    const other = parts(await all(sealFile(pieces(randomBytes(900_000)), key, new Date())));
    const changed = Buffer.from(file);
    changed[file.length - 300_000]! ^= 1;
    const renamed = Buffer.from(file.toString("latin1").replace(/"createdAt":"2/, '"createdAt":"1'), "latin1");
    for (const bad of [
      changed,
      renamed,
      Buffer.concat([header, b, a, c, d]),
      Buffer.concat([header, a, a, b, c, d]),
      Buffer.concat([header, a, c, d]),
      Buffer.concat([header, a, b, c, d, d]),
      Buffer.concat([header, a, other[2]!, c, d]),
      Buffer.concat([file, Buffer.from([0])]),
    ]) {
      expect(["damaged", "truncated"]).toContain(await codeOf(all(openFile(pieces(bad), [key]))));
    }
    expect(await codeOf(all(openFile(pieces(Buffer.from("PK not ours at all")), [key])))).toBe("not_a_backup");
    expect(await codeOf(all(openFile(pieces(Buffer.concat([Buffer.from("GAPBACK2"), file.subarray(8)])), [key])))).toBe("newer");
  });
});

const rows = (count: number) => Buffer.from(JSON.stringify(Array.from({ length: count }, (_, n) => [String(n), null])));
async function* records(extra: BackupRecord[] = []): AsyncGenerator<BackupRecord> {
  yield { kind: "head", value: { migrations: ["20261122000100"], takenAt: new Date(0).toISOString(), server: "17" } };
  yield {
    kind: "table",
    value: {
      schema: "public",
      name: "things",
      columns: [
        { name: "id", type: "uuid" },
        { name: "x", type: "text" },
      ],
    },
  };
  yield { kind: "rows", value: rows(3) };
  yield* extra;
  const columns = ["bucket_id", "name", "metadata"].map((name) => ({ name, type: "text" }));
  yield { kind: "table", value: { schema: "storage", name: "objects", columns } };
  const metadata = JSON.stringify({ mimetype: "text/plain", cacheControl: "no-cache" });
  yield {
    kind: "rows",
    value: Buffer.from(
      JSON.stringify([
        ["knowledge", "a", metadata],
        ["knowledge", "gone", null],
      ]),
    ),
  };
  yield { kind: "facts", value: { sequences: {}, sealedWith: { "1": 2 } } };
}
const objects = async ({ name }: { name: string }) => (name === "gone" ? null : pieces(Buffer.alloc(700_000, 7)));
const made = (extra?: BackupRecord[]) =>
  all(backupBytes(records(extra), { objects, key, encryptionKeys: { "1": "ab" }, createdAt: new Date() }, () => {}));

describe("a backup", () => {
  test("holds what it was made of and says so in its manifest", async () => {
    const { head, manifest } = await checkBackup(pieces(await made()), [key]);
    expect(head.migrations).toEqual(["20261122000100"]);
    expect(manifest.tables.map(({ name, rows }) => [name, rows])).toEqual([
      ["things", 3],
      ["objects", 2],
    ]);
    expect(manifest.objects).toMatchObject({ count: 1, bytes: 700_000, missing: 1 });
    expect(manifest).toMatchObject({ sealedWith: { "1": 2 }, encryptionKeys: { "1": "ab" } });
    let size = 0;
    for await (const record of readBackup(pieces(await made()), [key])) if (record.kind === "bytes") size += record.value.length;
    expect(size).toBe(700_000);
  });

  test("whose dump breaks off, or whose object cannot be read, is never written whole", async () => {
    const folder = await mkdtemp(join(tmpdir(), "gpt-agent-backup-"));
    const store = new FolderStore(folder);
    async function* broken() {
      yield* [];
      for await (const record of records()) if (record.kind !== "facts") yield record;
    }
    const options = { objects, key, encryptionKeys: {}, createdAt: new Date() };
    await expect(
      store.put(
        "x.gapbackup",
        backupBytes(broken(), options, () => {}),
      ),
    ).rejects.toThrow(/broke off/);
    const failing = { ...options, objects: async () => Promise.reject(new Error("storage is away")) };
    await expect(
      store.put(
        "x.gapbackup",
        backupBytes(records(), failing, () => {}),
      ),
    ).rejects.toThrow(/storage is away/);
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  });

  test("is made and read with flat memory", async () => {
    const batch: BackupRecord = {
      kind: "rows",
      value: Buffer.from(JSON.stringify(Array.from({ length: 300 }, () => [randomBytes(400).toString("hex"), null]))),
    };
    const folder = await mkdtemp(join(tmpdir(), "gpt-agent-backup-"));
    const store = new FolderStore(folder);
    const options = { objects, key, encryptionKeys: {}, createdAt: new Date() };
    const peakOf = async (batches: number) => {
      let peak = 0;
      const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().arrayBuffers)), 2);
      await store.put(
        "big.gapbackup",
        backupBytes(records(Array(batches).fill(batch)), options, () => {}),
      );
      await checkBackup(store.get("big.gapbackup"), [key]);
      clearInterval(watch);
      return peak;
    };
    await peakOf(10);
    // 12 MB against 60 MB of rows.
    const [small, large] = [await peakOf(50), await peakOf(250)];
    expect(large).toBeLessThan(Math.max(small * 2, 40 * 1024 * 1024));
    await rm(folder, { recursive: true });
  });
});

describe("retention", () => {
  const at = (days: number) => new Date(Date.UTC(2026, 10, 26, 3, 30) - days * 86_400_000);
  test("keeps the newest of 7 days, 4 weeks and 12 months of a daily year and a half", () => {
    const names = Array.from({ length: 550 }, (_, days) => backupName(at(days)));
    const gone = new Set(outlived(names, { daily: 7, weekly: 4, monthly: 12 }));
    const kept = names.filter((name) => !gone.has(name)).map((name) => backupTime(name)!.toISOString().slice(0, 10));
    expect(kept).toEqual([
      ...["2026-11-26", "2026-11-25", "2026-11-24", "2026-11-23", "2026-11-22", "2026-11-21", "2026-11-20"],
      ...["2026-11-15", "2026-11-08"],
      ...["2026-10-31", "2026-09-30", "2026-08-31", "2026-07-31", "2026-06-30", "2026-05-31", "2026-04-30", "2026-03-31", "2026-02-28"],
      ...["2026-01-31", "2025-12-31"],
    ]);
  });
  test("never takes the newest away, nor a file that is none of ours", () => {
    expect(outlived(["notes.txt", backupName(at(900)), "gpt-agent-old.gapbackup"], { daily: 0, weekly: 0, monthly: 0 })).toEqual([]);
  });
});

describe("a folder of backups", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "gpt-agent-backup-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("keeps whole files that only their owner reads, and lists and removes them", async () => {
    const store = new FolderStore(join(folder, "new"));
    expect(await store.list()).toEqual([]);
    expect(await store.put("a.gapbackup", pieces(Buffer.from("abc")))).toBe(3);
    expect(await store.list()).toEqual([{ name: "a.gapbackup", bytes: 3 }]);
    expect(await readFile(join(folder, "new", "a.gapbackup"), "utf8")).toBe("abc");
    await store.remove("a.gapbackup");
    expect(await codeOf(all(store.get("a.gapbackup")))).toBe("not_a_backup");
  });
  test("an interrupted one leaves nothing", async () => {
    const store = new FolderStore(folder);
    const abort = new AbortController();
    async function* endless() {
      for (;;) {
        yield Buffer.alloc(1000);
        abort.abort(new Error("stopped"));
      }
    }
    await expect(store.put("b.gapbackup", endless(), abort.signal)).rejects.toThrow("stopped");
    expect((await readdir(folder)).filter((name) => name.startsWith("b."))).toEqual([]);
    await writeFile(join(folder, "other"), "");
  });
});
