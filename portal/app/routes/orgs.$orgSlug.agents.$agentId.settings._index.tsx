import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { useLoaderData, useOutletContext } from "@remix-run/react";
import { useState } from "react";
import { z } from "zod";
import { AvatarField } from "~/components/agent-settings/avatar-field";
import { ColorField } from "~/components/agent-settings/color-field";
import { DangerZone } from "~/components/agent-settings/danger-zone";
import { ModelFields, type PickableModel } from "~/components/agent-settings/model-fields";
import { WelcomeFields } from "~/components/agent-settings/welcome-fields";
import { Field, Input, Select, Textarea } from "~/components/field";
import { Banner, Panel } from "~/components/page";
import { PageError } from "~/components/page-error";
import { SettingsForm } from "~/components/settings-form";
import { useAction } from "~/components/use-action";
import { InlineWidget } from "~/components/widget";
import { attempt, parseFields, readForm, refused } from "~/http/form.server";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import type { ErrorCode } from "~/i18n/error-codes";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { deleteAgent, findAgent, listOrigins, saveAgent, setAgentStatus } from "~/models/agent.server";
import { type OriginProblem, parseAgentForm } from "~/models/agent-form.server";
import { allows } from "~/models/role";
import { catalogue, env } from "~/services.server";
import type { AgentFrame } from "./orgs.$orgSlug.agents.$agentId";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => t.agentSettings.title);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org, role } = await requireMember(request, params.orgSlug);
  const by = { orgId: org.id, agentId: uuidParam(params.agentId) };
  const [row, origins, known] = await Promise.all([findAgent(db, by), listOrigins(db, by), catalogue.list()]);
  const agent = found(row);
  return {
    name: agent.name,
    status: agent.status,
    settings: agent.settings,
    origins,
    defaultModel: env.LLM_DEFAULT_MODEL,
    models: known.map(({ id, name, contextTokens, prices }): PickableModel => ({ id, name, contextTokens, prices })),
    mayChange: allows(role, "editor"),
    mayDelete: allows(role, "admin"),
  };
}

const statusForm = z.strictObject({ intent: z.literal("status"), status: z.enum(["live", "paused"]) });
const deleteForm = z.strictObject({ intent: z.literal("delete"), name: z.string() });

export async function action({ request, params }: ActionFunctionArgs) {
  const { db, org, role } = await requireMember(request, params.orgSlug, "editor");
  const by = { orgId: org.id, agentId: uuidParam(params.agentId) };
  const fields = await readForm(request);
  if (fields.intent === "status") {
    const form = parseFields(fields, statusForm);
    if (!form.ok) return data(form, { status: 400 });
    return answer(await attempt(() => setAgentStatus(db, { ...by, status: form.value.status })));
  }
  if (fields.intent === "delete") {
    const form = parseFields(fields, deleteForm);
    if (!form.ok || !allows(role, "admin")) return data(form.ok ? refused({ form: "forbidden" }) : form, { status: form.ok ? 403 : 400 });
    const agent = found(await findAgent(db, by));
    if (form.value.name.trim() !== agent.name.trim()) return data(refused({ form: "nameMismatch" }), { status: 400 });
    const gone = await attempt(() => deleteAgent(db, by));
    if (!gone.ok) return answer(gone);
    throw redirect(`/orgs/${org.slug}/agents`);
  }
  const form = parseAgentForm(fields, found(await findAgent(db, by)).settings);
  if (!form.ok) return data(form, { status: 400 });
  return answer(await attempt(() => saveAgent(db, { ...by, ...form.value })));
}

type Answer = { ok: true } | { ok: false; errors: Record<string, ErrorCode>; originProblems?: OriginProblem[] };
const answer = (done: { ok: true } | { ok: false; errors: Record<string, ErrorCode> }) =>
  done.ok ? { ok: true as const } : data(done, { status: 400 });

export default function AgentSettingsPage() {
  const t = useText();
  const frame = useOutletContext<AgentFrame>();
  const { name, status, settings, origins, defaultModel, models, mayChange, mayDelete } = useLoaderData<typeof loader>();
  const [version, setVersion] = useState(0);
  const [color, setColor] = useState(settings.primaryColor);
  const saving = useAction<Answer>(() => setVersion((n) => n + 1));
  const { touch, error, data: given } = saving;
  const problems = given?.ok === false && given.originProblems?.length ? given.originProblems : null;
  const originErrors = problems?.map(({ line, text, wildcard }) =>
    wildcard ? t.errors.originWildcard(line) : t.errors.originLine(line, text),
  );
  const words = t.agentSettings;

  return (
    <div className="grid gap-6 xl:grid-cols-[minmax(0,1fr)_24rem]">
      <div className="min-w-0 space-y-4">
        <h2 className="sr-only">{words.title}</h2>
        <SettingsForm saving={saving} mayChange={mayChange}>
          <input type="hidden" name="intent" value="save" />
          <Panel title={words.identity}>
            <div className="space-y-5">
              <AvatarField name={name} color={color} initial={settings.avatar} error={error("avatar")} onChange={touch} />
              <Field label={words.name} hint={t.agents.nameHint} error={error("name")}>
                {(wiring) => <Input {...wiring} name="name" defaultValue={name} maxLength={80} autoComplete="off" required />}
              </Field>
            </div>
          </Panel>

          <Panel title={words.answers}>
            {frame.responder.kind === "quotes" && <Banner className="mb-5">{words.quotesNote}</Banner>}
            <div className="space-y-5">
              <Field label={words.instructions} hint={words.instructionsHint} error={error("instructions")} optional>
                {(wiring) => (
                  <Textarea
                    {...wiring}
                    name="instructions"
                    defaultValue={settings.instructions}
                    placeholder={words.instructionsPlaceholder}
                    maxLength={8_000}
                    rows={6}
                  />
                )}
              </Field>
              <ModelFields models={models} defaultModel={defaultModel} initial={settings} error={error} onChange={touch} />
              <Field className="max-w-xs" label={words.temperature} hint={words.temperatureHint} error={error("temperature")}>
                {(wiring) => (
                  <Input
                    {...wiring}
                    name="temperature"
                    inputMode="decimal"
                    defaultValue={settings.temperature}
                    autoComplete="off"
                    className="tabular"
                  />
                )}
              </Field>
            </div>
          </Panel>

          <Panel title={words.welcome} hint={words.welcomeHint}>
            <WelcomeFields texts={settings.texts} error={error} />
          </Panel>

          <Panel title={words.look}>
            <div className="grid gap-5 sm:grid-cols-3">
              <ColorField value={color} onChange={setColor} error={error("primaryColor")} />
              <Field label={words.theme} error={error("theme")}>
                {(wiring) => (
                  <Select {...wiring} name="theme" defaultValue={settings.theme}>
                    <option value="auto">{t.preferences.auto}</option>
                    <option value="light">{t.preferences.light}</option>
                    <option value="dark">{t.preferences.dark}</option>
                  </Select>
                )}
              </Field>
              <Field label={words.position} error={error("position")}>
                {(wiring) => (
                  <Select {...wiring} name="position" defaultValue={settings.position}>
                    <option value="bottom-right">{words.positionRight}</option>
                    <option value="bottom-left">{words.positionLeft}</option>
                  </Select>
                )}
              </Field>
            </div>
            <Field className="mt-5" label={words.privacyUrl} hint={words.privacyHint} error={error("privacyUrl")} optional>
              {(wiring) => (
                <Input
                  {...wiring}
                  name="privacyUrl"
                  type="url"
                  defaultValue={settings.privacyUrl ?? ""}
                  placeholder="https://example.com/privacy"
                  maxLength={500}
                />
              )}
            </Field>
          </Panel>

          <div id="origins" className="scroll-mt-20">
            <Panel title={words.access}>
              <Field label={words.origins} hint={words.originsHint} error={originErrors ?? error("origins")}>
                {(wiring) => (
                  <Textarea
                    {...wiring}
                    key={origins.join("\n")}
                    name="origins"
                    defaultValue={origins.join("\n")}
                    placeholder={words.originsPlaceholder}
                    rows={Math.max(3, Math.min(origins.length + 1, 10))}
                    spellCheck={false}
                    autoCapitalize="off"
                    className="font-mono text-sm"
                  />
                )}
              </Field>
            </Panel>
          </div>
        </SettingsForm>
        {mayChange && <DangerZone name={name} status={status} mayDelete={mayDelete} />}
      </div>
      <aside aria-label={words.preview} className="hidden xl:block">
        <div className="sticky top-8">
          <InlineWidget publicId={frame.publicId} version={version} className="h-[min(640px,calc(100dvh-10rem))]" />
          <p className="mt-2 text-center text-sm text-muted">{words.previewHint}</p>
        </div>
      </aside>
    </div>
  );
}

export const ErrorBoundary = PageError;
