import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type AgentSettings, agentSettings } from "@gpt-agent/core/agent-settings";
import type { Db } from "@gpt-agent/core/db";
import type { Log } from "@gpt-agent/core/log";
import { putObject, removeObject, sourceKey } from "@gpt-agent/core/storage";

const DEMO = "demo";
const DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/** The shop's documents; the titles are what visitors read under an answer. */
const DOCUMENTS = [
  { file: "delivery-and-returns.en.md", title: "Delivery and returns.md", mediaType: "text/markdown" },
  { file: "delivery-and-returns.ru.md", title: "Доставка и возврат.md", mediaType: "text/markdown" },
  { file: "product-handbook.en.pdf", title: "Product handbook.pdf", mediaType: "application/pdf" },
  { file: "product-handbook.ru.pdf", title: "Справочник.pdf", mediaType: "application/pdf" },
  { file: "owners-guide.en.docx", title: "Owner's guide.docx", mediaType: DOCX },
  { file: "owners-guide.ru.docx", title: "Памятка владельца.docx", mediaType: DOCX },
];

/** A stable id, so that a start-up that was killed half-way finds what it has already stored. */
function stableId(...parts: string[]): string {
  const hex = createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

async function demoSettings(avatarFile: string): Promise<AgentSettings> {
  const avatar = (await readFile(avatarFile)).toString("base64");
  return agentSettings.parse({
    instructions:
      "You are the assistant of Tarn, a small maker of insulated steel bottles. Be brief, warm and exact. Give prices in the currency of the question's context: roubles for Russia, euros elsewhere. When the handbook does not say, suggest writing to hello@tarn.example.",
    avatar: `data:image/png;base64,${avatar}`,
    primaryColor: "#24594a",
    // What the agent cannot answer comes to the portal's inbox, with a way to write back.
    handoff: { enabled: true },
    leads: { when: "handoff" },
    texts: {
      en: {
        greeting: "Hello! Ask me about our bottles, delivery, returns or care. I answer from Tarn's handbook and show you the page.",
        prompts: [
          "How much is delivery to the European Union?",
          "Can I return an engraved bottle?",
          "Can I wash it in a dishwasher?",
          "How long is the warranty?",
        ],
      },
      ru: {
        greeting:
          "Здравствуйте! Спросите о бутылках, доставке, возврате или уходе. Отвечу по справочнику «Тарна» и покажу, где это написано.",
        prompts: [
          "Сколько стоит доставка по России?",
          "Можно ли вернуть бутылку с гравировкой?",
          "Можно ли мыть бутылку в посудомоечной машине?",
          "Какая гарантия на бутылку?",
        ],
      },
    },
  });
}

/** The rows a query returned; throws what the database said otherwise. */
function rowsOf<T>({ data, error }: { data: T; error: { message: string } | null }): NonNullable<T> {
  if (error || data === null || data === undefined)
    throw new Error(`The demo could not be made: ${error?.message ?? "no answer"}`, { cause: error });
  return data;
}

type DemoParts = {
  /** The service client (serviceDb): RLS is bypassed, so every write names the organization. */
  db: Db;
  /** The user who will own the demo organization. */
  ownerId: string;
  /** Where the documents are; the agent's picture lies beside this folder. Asked for, because bundling moves this file. */
  knowledgeFolder: string;
  log: Log;
};

/** The demo organization's id when there is work to do: a new one in an empty database, or one that was left half made. */
async function organizationToFill(db: Db, ownerId: string): Promise<string | null> {
  const organizations = rowsOf(await db.from("organizations").select("id, slug").order("created_at").limit(2));
  if (organizations.length === 0) {
    return rowsOf(await db.from("organizations").insert({ slug: DEMO, name: "Tarn demo", created_by: ownerId }).select("id").single()).id;
  }
  const [only] = organizations;
  if (organizations.length > 1 || !only || only.slug !== DEMO) return null;
  const agents = rowsOf(await db.from("agents").select("published_version_id").eq("org_id", only.id));
  if (agents.length > 0) return agents.every((agent) => agent.published_version_id === null) ? only.id : null;
  // No agent: either killed before making it, or its owner has deleted it since. The audit log knows.
  const made = rowsOf(await db.from("audit_log").select("id").eq("org_id", only.id).eq("action", "agents.insert").limit(1));
  return made.length === 0 ? only.id : null;
}

/**
 * Fills an empty database with the demo: a shop's organization, its agent (public id `demo`) and its handbook in English
 * and Russian, queued for the worker like any upload. Does nothing when there is an organization already, and completes
 * a demo that a killed start left half made: the agent is published last.
 * @returns whether anything was made
 * @throws Error when the database or the storage refuses
 */
export async function seedDemo({ db, ownerId, knowledgeFolder, log }: DemoParts): Promise<boolean> {
  const orgId = await organizationToFill(db, ownerId);
  if (!orgId) return false;
  rowsOf(await db.from("memberships").upsert({ org_id: orgId, user_id: ownerId, role: "owner" }).select("org_id"));

  const agentId = stableId(orgId, DEMO);
  rowsOf(
    await db
      .from("agents")
      .upsert({ id: agentId, org_id: orgId, public_id: DEMO, name: "Tarn" }, { onConflict: "id", ignoreDuplicates: true })
      .select("id"),
  );

  const present = new Set(rowsOf(await db.from("sources").select("id").eq("org_id", orgId)).map((source) => source.id));
  for (const { file, title, mediaType } of DOCUMENTS) {
    const sourceId = stableId(agentId, file);
    if (present.has(sourceId)) continue;
    const bytes = await readFile(join(knowledgeFolder, file));
    const key = sourceKey({ orgId, agentId, sourceId });
    // An object without its row is what a killed start leaves behind.
    await removeObject(db, key);
    await putObject(db, key, bytes, mediaType);
    rowsOf(
      await db.rpc("add_file_source", {
        org: orgId,
        agent: agentId,
        source: sourceId,
        source_title: title,
        source_media_type: mediaType,
        source_byte_size: bytes.length,
        source_hash: createHash("sha256").update(bytes).digest("hex"),
      }),
    );
  }

  // The demo page is on the portal's own origin, which may always talk to an agent: no origins to allow.
  const settings = await demoSettings(join(knowledgeFolder, "..", "avatar.png"));
  rowsOf(await db.rpc("save_agent", { org: orgId, agent: agentId, agent_name: "Tarn", agent_settings: settings, origins: [] }));
  log.info("Made the demo shop", { orgId, agentId, documents: DOCUMENTS.length });
  return true;
}
