import { randomUUID } from "node:crypto";
import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction } from "@remix-run/node";
import { useLoaderData, useOutletContext } from "@remix-run/react";
import { Plus } from "lucide-react";
import { useState } from "react";
import { z } from "zod";
import { Button } from "~/components/button";
import { Checkbox } from "~/components/checkbox";
import { CodeBlock } from "~/components/copy";
import { ConfirmDialog } from "~/components/dialog";
import { KeyDrawing } from "~/components/drawings";
import { Badge, Banner, EmptyState, Panel } from "~/components/page";
import { PageError } from "~/components/page-error";
import { Ago } from "~/components/time";
import { useAction } from "~/components/use-action";
import { KeyDialog } from "~/components/visitors/key-dialog";
import { pageSample, SAMPLE_LANGUAGES, type SampleLanguage, signingSample } from "~/components/visitors/samples";
import { attempt, parseFields, readForm, refused } from "~/http/form.server";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { changeSettings, findAgent } from "~/models/agent.server";
import {
  addIdentityKey,
  freshIdentitySecret,
  type IdentityKeySummary,
  listIdentityKeys,
  MAX_IDENTITY_KEYS,
  readPublicKey,
  revokeIdentityKey,
} from "~/models/identity-key.server";
import { entityName } from "~/models/names";
import { allows } from "~/models/role";
import { env, secretBox } from "~/services.server";
import type { AgentFrame } from "./orgs.$orgSlug.agents.$agentId";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => t.visitors.title);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org, role } = await requireMember(request, params.orgSlug);
  const by = { orgId: org.id, agentId: uuidParam(params.agentId) };
  const { settings } = found(await findAgent(db, by));
  return {
    enforce: settings.visitors.enforce,
    keys: await listIdentityKeys(db, by),
    mayKeys: allows(role, "admin"),
    script: new URL("/widget.js", env.APP_URL).href,
  };
}

const creation = z.discriminatedUnion("algorithm", [
  z.strictObject({ intent: z.literal("create"), name: entityName, algorithm: z.literal("HS256") }),
  z.strictObject({
    intent: z.literal("create"),
    name: entityName,
    algorithm: z.literal("EdDSA"),
    publicKey: z.string().max(2_000, { error: "tooLong" }),
  }),
]);
const revocation = z.strictObject({ intent: z.literal("revoke"), keyId: z.uuid() });
const switching = z.strictObject({ intent: z.literal("enforce"), on: z.enum(["true", "false"]) });

export async function action({ request, params }: ActionFunctionArgs) {
  // Who may talk to an agent at all is for admins to say, as the keys are.
  const { db, org, user } = await requireMember(request, params.orgSlug, "admin");
  const by = { orgId: org.id, agentId: uuidParam(params.agentId) };
  const fields = await readForm(request);
  if (fields.intent === "enforce") {
    const form = parseFields(fields, switching);
    if (!form.ok) return data(form, { status: 400 });
    const enforce = form.value.on === "true";
    const saved = await attempt(() => changeSettings(db, by, (current) => ({ ...current, visitors: { ...current.visitors, enforce } })));
    return saved.ok ? { ok: true as const } : data(saved, { status: 400 });
  }
  if (fields.intent === "revoke") {
    const form = parseFields(fields, revocation);
    if (!form.ok) return data(form, { status: 400 });
    const done = await attempt(() => revokeIdentityKey(db, { ...by, keyId: form.value.keyId }));
    return done.ok ? { ok: true as const } : data(done, { status: 400 });
  }
  const form = parseFields(fields, creation);
  if (!form.ok) return data(form, { status: 400 });
  const secret = form.value.algorithm === "HS256" ? freshIdentitySecret() : null;
  const publicKey = "publicKey" in form.value ? readPublicKey(form.value.publicKey) : null;
  if (!secret && !publicKey) return data(refused({ publicKey: "publicKey" }), { status: 400 });
  if ((await listIdentityKeys(db, by)).length >= MAX_IDENTITY_KEYS) return data(refused({ form: "tooManyKeys" }), { status: 400 });
  const kind = secret ? { secret } : { publicKey: publicKey! };
  const done = await attempt(() =>
    addIdentityKey(db, secretBox, { ...by, id: randomUUID(), userId: user.id, name: form.value.name, ...kind }),
  );
  // The one answer that holds the secret itself; pages behind sign-in are never stored.
  return done.ok ? { ok: true as const, ...(secret ? { secret } : {}) } : data(done, { status: 400 });
}

export default function VerifiedVisitors() {
  const t = useText();
  const words = t.visitors;
  const { publicId } = useOutletContext<AgentFrame>();
  const { enforce, keys, mayKeys, script } = useLoaderData<typeof loader>();
  const [open, setOpen] = useState(false);
  const [doomed, setDoomed] = useState<IdentityKeySummary | null>(null);
  const [language, setLanguage] = useState<SampleLanguage>("Node.js");
  const revoking = useAction(() => setDoomed(null));
  const switchOn = useAction();
  const wanted = switchOn.fetcher.formData?.get("on");
  const create = (
    <Button look="primary" onClick={() => setOpen(true)}>
      <Plus aria-hidden className="size-4" />
      {words.new}
    </Button>
  );
  return (
    <div className="max-w-3xl space-y-4">
      <Panel title={words.title} hint={words.hint}>
        <Checkbox
          label={words.enforce}
          hint={words.enforceHint}
          disabled={!mayKeys || switchOn.busy}
          checked={wanted ? wanted === "true" : enforce}
          onChange={(event) => switchOn.submit({ intent: "enforce", on: String(event.target.checked) }, { method: "post" })}
        />
        {switchOn.error("form") && (
          <p role="alert" className="mt-3 text-sm text-danger-ink">
            {switchOn.error("form")}
          </p>
        )}
        {enforce && mayKeys && keys.length === 0 && (
          <Banner tone="warning" className="mt-4">
            {words.enforceNoKeys}
          </Banner>
        )}
      </Panel>
      <Panel title={words.keys} hint={mayKeys ? words.keysHint : words.onlyAdmins}>
        {!mayKeys ? null : keys.length === 0 ? (
          <EmptyState drawing={<KeyDrawing />} title={words.emptyTitle} heading="h3" action={create}>
            {words.emptyText}
          </EmptyState>
        ) : (
          <>
            <ul className="divide-y divide-line border-y border-line">
              {keys.map((key) => (
                <KeyRow key={key.id} identityKey={key} onRevoke={() => setDoomed(key)} />
              ))}
            </ul>
            <div className="mt-4">{create}</div>
          </>
        )}
      </Panel>
      <Panel title={words.samples} hint={words.samplesHint}>
        <div role="tablist" aria-label={words.samples} className="mb-3 flex gap-1">
          {SAMPLE_LANGUAGES.map((one) => (
            <Button
              key={one}
              size="sm"
              look={one === language ? "secondary" : "ghost"}
              role="tab"
              aria-selected={one === language}
              onClick={() => setLanguage(one)}
            >
              {one}
            </Button>
          ))}
        </div>
        <CodeBlock code={signingSample(language, publicId)} label={language} />
        <div className="mt-4">
          <CodeBlock code={pageSample(publicId, script)} label={words.inPage} />
          <p className="mt-2 text-sm text-muted">{words.endpoint}</p>
        </div>
      </Panel>
      <KeyDialog open={open} onClose={() => setOpen(false)} />
      <ConfirmDialog
        open={doomed !== null}
        onOpenChange={(next) => !next && setDoomed(null)}
        title={words.revokeTitle(doomed?.name ?? "")}
        description={words.revokeText}
        confirm={words.revoke}
        busy={revoking.busy}
        error={revoking.error("form")}
        onConfirm={() => doomed && revoking.submit({ intent: "revoke", keyId: doomed.id }, { method: "post" })}
      />
    </div>
  );
}

function KeyRow({ identityKey: key, onRevoke }: { identityKey: IdentityKeySummary; onRevoke(): void }) {
  const t = useText();
  const words = t.visitors;
  return (
    <li className="flex flex-wrap items-center gap-x-6 gap-y-2 py-3">
      <div className="min-w-0 flex-1 basis-52">
        <p className="flex items-center gap-2">
          <span className="truncate font-medium">{key.name}</span>
          <Badge>{key.algorithm}</Badge>
        </p>
        <p className="truncate font-mono text-xs text-muted" title={words.keyId}>
          {key.lastFour ? `gai_…${key.lastFour} · ` : ""}
          {key.id}
        </p>
      </div>
      <dl className="flex gap-6 text-sm">
        <div>
          <dt className="text-muted">{words.created}</dt>
          <dd>
            <Ago at={key.created_at} />
          </dd>
        </div>
        <div>
          <dt className="text-muted">{words.lastUsed}</dt>
          <dd>{key.last_used_at ? <Ago at={key.last_used_at} /> : t.common.never}</dd>
        </div>
      </dl>
      <Button look="danger-ghost" size="sm" onClick={onRevoke} aria-label={`${words.revoke}: ${key.name}`}>
        {words.revoke}
      </Button>
    </li>
  );
}

export const ErrorBoundary = PageError;
