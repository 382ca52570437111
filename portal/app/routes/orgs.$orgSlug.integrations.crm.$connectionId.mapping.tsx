import { type ActionFunctionArgs, data, type LoaderFunctionArgs } from "@remix-run/node";
import { useFetcher, useLoaderData, useParams } from "@remix-run/react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useConnection } from "~/components/crm/connection-frame";
import { FieldMap, type FieldsAnswer, type MapRow, withIds } from "~/components/crm/field-map";
import { PreviewPanel } from "~/components/crm/preview";
import { type Draft, draftOf, RuleFields, settingsOf, WhatFields, WhenFields } from "~/components/crm/settings-fields";
import { Field, Input } from "~/components/field";
import { Panel } from "~/components/page";
import { PageError } from "~/components/page-error";
import { SaveBar } from "~/components/save-bar";
import { useAction } from "~/components/use-action";
import { attempt, parseForm } from "~/http/form.server";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { listAgents } from "~/models/agent.server";
import { changeConnection, findConnection } from "~/models/connection.server";
import { settingsForm } from "~/models/connection-form.server";
import { listConversations } from "~/models/conversation.server";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

/** Conversations to try on: the latest. */
const CANDIDATES = 30;

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "admin");
  found(await findConnection(db, { orgId: org.id, connectionId: uuidParam(params.connectionId) }));
  const [agents, { conversations }] = await Promise.all([
    listAgents(db, { orgId: org.id }),
    listConversations(db, { orgId: org.id, limit: CANDIDATES }),
  ]);
  return {
    agents: agents.map(({ id, name }) => ({ id, name })),
    conversations: conversations
      .filter(({ channel }) => channel !== "playground")
      .map(({ id, title, agent }) => ({ id, title, agentId: agent.id })),
  };
}

export async function action({ request, params }: ActionFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "admin");
  const by = { orgId: org.id, connectionId: uuidParam(params.connectionId) };
  found(await findConnection(db, by));
  const form = await parseForm(request, settingsForm);
  if (!form.ok) return data(form, { status: 400 });
  const { name, settings } = form.value;
  const done = await attempt(() => changeConnection(db, by, { name, settings }));
  return done.ok ? { ok: true as const } : data(done, { status: 400 });
}

export default function Mapping() {
  const words = useText().crm;
  const { orgSlug } = useParams();
  const { connection, can } = useConnection();
  const { agents, conversations } = useLoaderData<typeof loader>();
  const base = `/orgs/${orgSlug}/integrations/crm/${connection.id}`;
  const [draft, setDraft] = useState<Draft>(() => draftOf(connection.name, connection.settings));
  const [rows, setRows] = useState<MapRow[]>(() => withIds(connection.settings.fields));
  const [strict, setStrict] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const saving = useAction(() => setStrict(false));
  const asked = useFetcher<FieldsAnswer>();
  const askedFor = useRef<string | null>(null);
  useEffect(() => {
    if (askedFor.current === connection.id) return;
    askedFor.current = connection.id;
    asked.load(`${base}/fields`);
  }, [asked, base, connection.id]);
  const change = (part: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...part }));
    saving.touch();
  };
  /** As JSON; null, with the place in sight, while a line is not filled in. */
  const settings = (): string | null => {
    if (rows.some(({ theirs }) => !theirs.trim())) {
      setStrict(true);
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
      return null;
    }
    return JSON.stringify(
      settingsOf(
        draft,
        rows.map(({ id: _, ...line }) => ({ ...line, theirs: line.theirs.trim() })),
      ),
    );
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    const json = settings();
    if (json) saving.submit({ intent: "save", name: draft.name, settings: json }, { method: "post" });
  };
  return (
    <form ref={form} onSubmit={save} className="space-y-5">
      <h2 className="sr-only">{words.mapping}</h2>
      <WhenFields draft={draft} onChange={change} agents={agents} />
      <WhatFields draft={draft} onChange={change} tags={can.tags} />
      <Panel title={words.fields} hint={words.fieldsText}>
        <FieldMap
          rows={rows}
          onChange={(next) => {
            setRows(next);
            saving.touch();
          }}
          fields={asked.data}
          deals={draft.write.deal}
          strict={strict}
        />
        <div className="mt-6 border-t border-line pt-5">
          <RuleFields draft={draft} onChange={change} empties={can.empties} />
        </div>
      </Panel>
      <PreviewPanel conversations={conversations} base={base} settings={settings} agentIds={draft.agentIds} unsaved={saving.touched} />
      <Panel title={words.name}>
        <Field label={<span className="sr-only">{words.name}</span>} error={saving.error("name")} className="max-w-lg">
          {(wiring) => (
            <Input {...wiring} value={draft.name} maxLength={120} required onChange={(event) => change({ name: event.target.value })} />
          )}
        </Field>
      </Panel>
      <SaveBar
        busy={saving.busy}
        saved={saving.saved}
        touched={saving.touched}
        problem={saving.error("form") ?? saving.error("settings") ?? saving.error("name")}
      />
    </form>
  );
}

export const ErrorBoundary = PageError;
