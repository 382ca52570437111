import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction } from "@remix-run/node";
import { useLoaderData } from "@remix-run/react";
import { TextInBothLanguages } from "~/components/both-languages";
import { Checkbox } from "~/components/checkbox";
import { Field, Textarea } from "~/components/field";
import { Panel } from "~/components/page";
import { PageError } from "~/components/page-error";
import { SettingsForm } from "~/components/settings-form";
import { useAction } from "~/components/use-action";
import { attempt, parseForm } from "~/http/form.server";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { dictionaries, useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { changeSettings, findAgent } from "~/models/agent.server";
import { allows } from "~/models/role";
import { topicsForm } from "~/models/topics-form.server";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => t.topics.title);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org, role } = await requireMember(request, params.orgSlug);
  const { settings } = found(await findAgent(db, { orgId: org.id, agentId: uuidParam(params.agentId) }));
  return { topics: settings.topics, suggestions: settings.suggestions, mayChange: allows(role, "editor") };
}

export async function action({ request, params }: ActionFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "editor");
  const by = { orgId: org.id, agentId: uuidParam(params.agentId) };
  const form = await parseForm(request, topicsForm);
  if (!form.ok) return data(form, { status: 400 });
  const saved = await attempt(() => changeSettings(db, by, (current) => ({ ...current, ...form.value })));
  return saved.ok ? { ok: true as const } : data(saved, { status: 400 });
}

export default function TopicsPage() {
  const t = useText();
  const words = t.topics;
  const { topics, suggestions, mayChange } = useLoaderData<typeof loader>();
  const saving = useAction();
  const { error } = saving;
  return (
    <SettingsForm saving={saving} mayChange={mayChange} className="max-w-3xl">
      <Panel title={words.title} hint={words.hint}>
        <div className="space-y-5">
          <Field label={words.only} hint={words.onlyHint} error={error("only")} optional>
            {(wiring) => (
              <Textarea {...wiring} name="only" defaultValue={topics.only.join("\n")} placeholder={words.onlyPlaceholder} rows={3} />
            )}
          </Field>
          <Field label={words.never} hint={words.neverHint} error={error("never")} optional>
            {(wiring) => (
              <Textarea {...wiring} name="never" defaultValue={topics.never.join("\n")} placeholder={words.neverPlaceholder} rows={3} />
            )}
          </Field>
          <TextInBothLanguages
            name="reply"
            label={words.reply}
            hint={words.replyHint}
            values={topics.reply}
            placeholder={(locale) => dictionaries[locale].topics.replyPlaceholder}
            maxLength={500}
            error={error}
          />
        </div>
      </Panel>
      <Panel title={words.after}>
        <Checkbox name="suggestions" label={words.suggestions} hint={words.suggestionsHint} defaultChecked={suggestions} />
      </Panel>
    </SettingsForm>
  );
}

export const ErrorBoundary = PageError;
