import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction } from "@remix-run/node";
import { useLoaderData } from "@remix-run/react";
import { useState } from "react";
import { TextInBothLanguages } from "~/components/both-languages";
import { Checkbox } from "~/components/checkbox";
import { Field, Select } from "~/components/field";
import { Panel } from "~/components/page";
import { PageError } from "~/components/page-error";
import { SettingsForm } from "~/components/settings-form";
import { useAction } from "~/components/use-action";
import { attempt, parseForm } from "~/http/form.server";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { dictionaries, useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { changeSettings, findAgent } from "~/models/agent.server";
import { contactForm } from "~/models/contact-form.server";
import { allows } from "~/models/role";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => t.contact.tab);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org, role } = await requireMember(request, params.orgSlug);
  const { settings } = found(await findAgent(db, { orgId: org.id, agentId: uuidParam(params.agentId) }));
  return { handoff: settings.handoff, leads: settings.leads, mayChange: allows(role, "editor") };
}

export async function action({ request, params }: ActionFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "editor");
  const by = { orgId: org.id, agentId: uuidParam(params.agentId) };
  const form = await parseForm(request, contactForm);
  if (!form.ok) return data(form, { status: 400 });
  const saved = await attempt(() => changeSettings(db, by, (current) => ({ ...current, ...form.value })));
  return saved.ok ? { ok: true as const } : data(saved, { status: 400 });
}

const FIELDS = ["name", "email", "phone"] as const;
const CHOICES = ["off", "optional", "required"] as const;

export default function ContactSettings() {
  const t = useText();
  const words = t.contact;
  const { handoff, leads, mayChange } = useLoaderData<typeof loader>();
  const saving = useAction();
  const { error } = saving;
  const [asks, setAsks] = useState(leads.when !== "off");
  return (
    <SettingsForm saving={saving} mayChange={mayChange} className="max-w-3xl">
      <Panel title={words.handoffTitle} hint={words.handoffHint}>
        <Checkbox name="handoff" label={words.handoff} defaultChecked={handoff.enabled} />
      </Panel>
      <Panel title={words.leadsTitle} hint={words.leadsHint}>
        <Checkbox name="leads" label={words.leads} checked={asks} onChange={(event) => setAsks(event.target.checked)} />
        {/* Hidden, not gone: what was set comes back when it is switched on again. */}
        <div className="mt-5 space-y-5" hidden={!asks}>
          <fieldset>
            <legend className="mb-2 font-medium">{words.fields}</legend>
            <div className="grid gap-4 sm:grid-cols-3">
              {FIELDS.map((name) => (
                <Field key={name} label={words.fieldNames[name]} error={error(name)}>
                  {(wiring) => (
                    <Select {...wiring} name={name} defaultValue={leads.fields[name]}>
                      {CHOICES.map((choice) => (
                        <option key={choice} value={choice}>
                          {words.asked[choice]}
                        </option>
                      ))}
                    </Select>
                  )}
                </Field>
              ))}
            </div>
          </fieldset>
          <TextInBothLanguages
            name="consent"
            label={words.consent}
            hint={words.consentHint}
            values={leads.consent}
            placeholder={(locale) => dictionaries[locale].contact.consentPlaceholder}
            maxLength={1_000}
            error={error}
          />
        </div>
      </Panel>
    </SettingsForm>
  );
}

export const ErrorBoundary = PageError;
