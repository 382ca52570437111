import type { PlannedLine } from "@gpt-agent/core/crm/contact-plan";
import { useFetcher } from "@remix-run/react";
import { ArrowRight, Eye } from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import { Button } from "~/components/button";
import { harmlessUrl } from "~/components/conversation/markdown";
import { Select } from "~/components/field";
import { Badge, Banner, Card, Skeleton, type Tone } from "~/components/page";
import { useAction } from "~/components/use-action";
import type { Asked } from "~/http/crm-session.server";
import type { ErrorCode } from "~/i18n/error-codes";
import { useText } from "~/i18n/text";
import type { Preview } from "~/models/crm-preview.server";
import { useFailureWords } from "./connection-state";

export type Candidate = { id: string; title: string | null; agentId: string };
type Answer = { ok: true; preview: Asked<Preview> } | { ok: false; errors: Record<string, ErrorCode> };

/** A dry run on one real conversation, by the settings as they stand on the screen; and sending it. */
export function PreviewPanel(props: {
  conversations: Candidate[];
  base: string;
  /** The settings on the screen, as JSON; null while they cannot be saved. */
  settings: () => string | null;
  agentIds: string[] | null;
  unsaved: boolean;
}) {
  const t = useText();
  const words = t.crm;
  const id = useId();
  const why = useFailureWords();
  const [conversationId, setConversationId] = useState(props.conversations[0]?.id ?? "");
  const dry = useFetcher<Answer>();
  const sending = useAction();
  const run = () => {
    const settings = props.settings();
    if (settings) dry.submit({ conversationId, settings }, { method: "post", action: `${props.base}/preview` });
  };
  const asked = dry.state === "idle" ? dry.data : undefined;
  const chosen = props.conversations.find((one) => one.id === conversationId);
  return (
    <Card className="p-5">
      <h3 className="text-lg font-semibold">{words.preview}</h3>
      <p className="mt-0.5 text-sm text-muted">{words.previewText}</p>
      {props.conversations.length === 0 ? (
        <p className="mt-4">{words.previewNone}</p>
      ) : (
        <div className="mt-4 flex flex-wrap items-end gap-3">
          <div className="min-w-0 flex-1 basis-64">
            <label htmlFor={id} className="mb-1.5 block font-medium">
              {words.previewChoose}
            </label>
            <Select id={id} value={conversationId} onChange={(event) => setConversationId(event.target.value)}>
              {props.conversations.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.title || words.untitled}
                </option>
              ))}
            </Select>
          </div>
          <Button busy={dry.state !== "idle"} onClick={run}>
            <Eye aria-hidden className="size-4" />
            {dry.data ? words.previewAgain : words.previewRun}
          </Button>
        </div>
      )}
      <div aria-live="polite" className="mt-4">
        {dry.state !== "idle" && (
          <div role="status" aria-label={t.common.loading} className="space-y-2">
            <Skeleton className="h-9" />
            <Skeleton className="h-28" />
          </div>
        )}
        {asked?.ok === false && <Banner tone="danger">{t.errors[Object.values(asked.errors)[0] ?? "invalid"]}</Banner>}
        {asked?.ok && !asked.preview.ok && (
          <Banner tone="danger">
            {words.previewFailed(why(asked.preview.code))}
            {asked.preview.detail && <span className="mt-1 block font-mono text-xs wrap-anywhere">{asked.preview.detail}</span>}
          </Banner>
        )}
        {asked?.ok && asked.preview.ok && (
          <div className="space-y-4">
            <Banner tone="accent">{words.dryRun}</Banner>
            {props.agentIds && chosen && !props.agentIds.includes(chosen.agentId) && <Banner tone="warning">{words.skipped.agent}</Banner>}
            <Plan preview={asked.preview.value} />
            {asked.preview.value.plan.contact && (
              <div className="flex flex-wrap items-center gap-3">
                <Button
                  busy={sending.busy}
                  onClick={() => sending.submit({ intent: "send", conversationId }, { method: "post", action: `${props.base}/sent` })}
                >
                  {words.syncNow}
                </Button>
                <p role="status" className="text-sm text-muted">
                  {sending.error("form") ?? (sending.saved ? words.syncing : props.unsaved ? words.unsavedHint : "")}
                </p>
              </div>
            )}
          </div>
        )}
      </div>
    </Card>
  );
}

function Plan({ preview: { plan, existing, written } }: { preview: Preview }) {
  const words = useText().crm;
  const { contact, deal, notes } = plan;
  if (!contact) return <p>{words.skipped.nobody}</p>;
  const changes = contact.lines.some(({ outcome }) => outcome === "write");
  const kind = contact.action === "create" ? "create" : changes ? "update" : "same";
  const url = existing?.url && harmlessUrl(existing.url);
  return (
    <div className="space-y-4">
      <Planned
        title={words.objects.contact}
        kind={kind}
        note={
          existing ? (
            url ? (
              <a href={url} target="_blank" rel="noopener noreferrer nofollow" className="underline">
                {words.foundBy}: {existing.name ?? "—"}
              </a>
            ) : (
              `${words.foundBy}: ${existing.name ?? "—"}`
            )
          ) : (
            words.notFound
          )
        }
      >
        <Lines lines={contact.lines} isNew={contact.action === "create"} />
      </Planned>
      {deal && (
        <Planned title={words.objects.deal} kind={written.includes("deal") ? "same" : "create"}>
          <p className="wrap-anywhere" dir="auto">
            {deal.title}
          </p>
          <Lines lines={deal.lines} isNew />
        </Planned>
      )}
      {notes.map(({ object, text }) => (
        <Planned key={object} title={words.objects[object]} kind={written.includes(object) ? "update" : "create"}>
          <pre
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
            tabIndex={0}
            dir="auto"
            className="max-h-60 overflow-auto rounded-md bg-sunken p-3 font-sans text-sm whitespace-pre-wrap wrap-anywhere"
          >
            {text}
          </pre>
        </Planned>
      ))}
    </div>
  );
}

const TONES: Record<"create" | "update" | "same", Tone> = { create: "success", update: "accent", same: "neutral" };

function Planned({ title, kind, note, children }: { title: string; kind: keyof typeof TONES; note?: ReactNode; children: ReactNode }) {
  const words = useText().crm;
  return (
    <section className="rounded-lg border border-line">
      <header className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2.5">
        <h4 className="font-medium">{title}</h4>
        <Badge tone={TONES[kind]}>{words.plan[kind]}</Badge>
        {note && <span className="min-w-0 text-sm text-muted wrap-anywhere">{note}</span>}
      </header>
      <div className="space-y-3 px-4 py-3">{children}</div>
    </section>
  );
}

/** Each field with what stands there now and what would stand there then. */
function Lines({ lines, isNew }: { lines: PlannedLine[]; isNew: boolean }) {
  const words = useText().crm;
  if (lines.length === 0) return null;
  const show = (value: PlannedLine["before"]) =>
    value === null || value === "" ? (
      <span className="text-muted">{words.empty}</span>
    ) : (
      <span dir="auto">{String(value).slice(0, 400)}</span>
    );
  return (
    <dl className="space-y-2.5">
      {lines.map((line) => (
        <div key={`${line.ours} ${line.theirs}`} className="grid gap-x-4 sm:grid-cols-[10rem_minmax(0,1fr)]">
          <dt className="min-w-0">
            <span className="block truncate">{line.label || line.theirs}</span>
            <span className="block truncate text-xs text-muted">{words.ours[line.ours]}</span>
          </dt>
          <dd className="min-w-0 wrap-anywhere">
            {line.outcome === "write" ? (
              <span className="flex flex-wrap items-baseline gap-x-2">
                {!isNew && (
                  <>
                    <del className="text-muted no-underline">{show(line.before)}</del>
                    <ArrowRight aria-label={words.after} className="size-3.5 shrink-0 self-center text-muted" />
                  </>
                )}
                <ins className="rounded-sm bg-success-soft px-1 text-success-ink no-underline">{show(line.after)}</ins>
              </span>
            ) : (
              <>
                {show(line.before)}
                <span className="block text-xs text-muted">{words.outcomes[line.outcome]}</span>
              </>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
