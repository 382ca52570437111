import { BotMessageSquare } from "lucide-react";
import { harmlessUrl } from "~/components/conversation/markdown";
import { Badge, Card, type Tone } from "~/components/page";
import { Ago } from "~/components/time";
import { useText } from "~/i18n/text";
import type { CrmKnown, InCrm } from "~/models/crm-sync.server";
import { useFailureWords } from "./connection-state";
import { CrmMark, useCrmName } from "./crm-mark";
import { RecordLinks } from "./record-links";

const TONES: Record<string, Tone> = { pending: "accent", done: "success", failed: "danger", skipped: "neutral" };

/** A conversation in the organization's CRMs: its records there, how the last sending went, and what a CRM knows of a verified visitor. */
export function ConversationCard({ crms }: { crms: InCrm[] }) {
  const words = useText().crm;
  if (crms.length === 0) return null;
  return (
    <Card className="divide-y divide-line" aria-label={words.card}>
      <h2 className="px-4 py-3 text-sm font-medium">{words.card}</h2>
      {crms.map((one) => (
        <InOneCrm key={one.connectionId} one={one} />
      ))}
    </Card>
  );
}

function InOneCrm({ one }: { one: InCrm }) {
  const words = useText().crm;
  const nameOf = useCrmName();
  const why = useFailureWords();
  const { push, links, known } = one;
  const at = push?.ended_at ?? push?.asked_at;
  return (
    <div className="space-y-2.5 px-4 py-3 text-sm">
      <div className="flex items-center gap-2.5">
        <CrmMark crm={one.crm} cloud={one.cloud} className="size-6" />
        <p className="min-w-0 flex-1 truncate font-medium" title={nameOf(one.crm, one.cloud)}>
          {one.name}
        </p>
        {push && <Badge tone={TONES[push.status] ?? "neutral"}>{words.pushStates[push.status]}</Badge>}
      </div>
      {!push && links.length === 0 && !known && <p className="text-muted">{words.cardNone}</p>}
      <RecordLinks links={links} />
      {push?.status === "failed" && <p className="text-danger-ink">{why(push.error_code)}</p>}
      {at && (
        <p className="text-muted">
          <Ago at={at} />
        </p>
      )}
      {known && <Known known={known} />}
    </div>
  );
}

/** Whatever the CRM holds is text here, whoever wrote it (T47). */
function Known({ known }: { known: CrmKnown }) {
  const words = useText().crm;
  const url = known.url && harmlessUrl(known.url);
  return (
    <div className="rounded-md bg-sunken p-3">
      <p className="font-medium wrap-anywhere" dir="auto">
        {url ? (
          <a href={url} target="_blank" rel="noopener noreferrer nofollow" className="hover:underline">
            {known.name || known.email || known.phone}
          </a>
        ) : (
          known.name || known.email || known.phone
        )}
      </p>
      {known.fields.length > 0 && (
        <dl className="mt-2 space-y-1.5">
          {known.fields.map((field) => (
            <div key={field.label} className="min-w-0">
              <dt className="flex items-center gap-1.5 text-muted">
                {field.label}
                {field.agentMayRead && (
                  <span title={words.cardAgentReads}>
                    <BotMessageSquare aria-label={words.cardAgentReads} className="size-3.5" />
                  </span>
                )}
              </dt>
              <dd className="wrap-anywhere whitespace-pre-line" dir="auto">
                {String(field.value)}
              </dd>
            </div>
          ))}
        </dl>
      )}
      <p className="mt-2 text-xs text-muted">{words.cardVerified}</p>
    </div>
  );
}
