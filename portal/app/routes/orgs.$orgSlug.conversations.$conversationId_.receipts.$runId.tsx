import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Link, useLoaderData, useParams } from "@remix-run/react";
import { ArrowLeft, Download } from "lucide-react";
import { textLink } from "~/components/auth-page";
import { ButtonLink } from "~/components/button";
import { Badge, PageHeader, Panel } from "~/components/page";
import { PageError } from "~/components/page-error";
import { Actions } from "~/components/receipt/actions";
import { explain, reasonOf } from "~/components/receipt/explanation";
import { Facts } from "~/components/receipt/facts";
import { Passages } from "~/components/receipt/passages";
import { Timings } from "~/components/receipt/timings";
import { VisitorFacts } from "~/components/receipt/visitor-facts";
import { Ago } from "~/components/time";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { useFormats, useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import type { Receipt } from "~/models/receipt";
import { findReceipt } from "~/models/receipt.server";

export const meta: MetaFunction = titled((t) => t.receipt.title);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug);
  const by = { orgId: org.id, conversationId: uuidParam(params.conversationId), runId: uuidParam(params.runId) };
  return found(await findReceipt(db, by));
}

export default function ReceiptPage() {
  const t = useText();
  const words = t.receipt;
  const { orgSlug } = useParams();
  const receipt = useLoaderData<typeof loader>();
  const conversation = `/orgs/${orgSlug}/conversations/${receipt.conversationId}`;
  const agent = `/orgs/${orgSlug}/agents/${receipt.agent.id}`;
  return (
    <>
      <PageHeader
        before={
          <Link to={conversation} className="mb-3 inline-flex items-center gap-1.5 rounded-sm text-muted hover:text-ink">
            <ArrowLeft aria-hidden className="size-4" />
            {words.back}
          </Link>
        }
        title={words.title}
        action={
          <ButtonLink to={`${conversation}/receipts/${receipt.id}/download`} download reloadDocument prefetch="none">
            <Download aria-hidden className="size-4" />
            {words.download}
          </ButtonLink>
        }
      />
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_22rem]">
        <div className="min-w-0 space-y-4">
          <Panel title={words.explained}>
            <p className="mb-3 border-l-2 border-line-strong pl-3 whitespace-pre-wrap wrap-anywhere text-muted" dir="auto">
              <span className="sr-only">{words.question}: </span>
              {receipt.question}
            </p>
            <p className="max-w-prose text-lg">{explain(words, receipt).join(" ")}</p>
          </Panel>
          {receipt.actions.length > 0 && (
            <Panel title={words.actions}>
              <Actions actions={receipt.actions} />
            </Panel>
          )}
          {receipt.visitorFacts.length > 0 && (
            <Panel title={words.visitorFacts} hint={words.visitorFactsHint}>
              <VisitorFacts facts={receipt.visitorFacts} />
            </Panel>
          )}
          <Panel title={words.passages} hint={receipt.passages.length > 0 ? words.legend : null}>
            {receipt.searchText && (
              <p className="mb-4 rounded-md bg-sunken px-3 py-2 text-sm wrap-anywhere">
                <span className="text-muted">{words.searched}: </span>
                <span dir="auto">{receipt.searchText}</span>
              </p>
            )}
            {receipt.passages.length > 0 ? (
              <Passages passages={receipt.passages} agent={agent} />
            ) : (
              <p className="text-muted">{receipt.timings.searchMs === null ? words.passagesUnsearched : words.passagesNone}</p>
            )}
          </Panel>
        </div>
        <div className="min-w-0 space-y-4">
          <Panel title={words.made}>
            <Made receipt={receipt} agent={agent} />
          </Panel>
          <Panel title={words.time}>
            <Timings timings={receipt.timings} />
          </Panel>
          {receipt.responder === "model" && (
            <Panel title={words.spent}>
              <Spent {...receipt} />
            </Panel>
          )}
        </div>
      </div>
    </>
  );
}

function Made({ receipt, agent }: { receipt: Receipt; agent: string }) {
  const t = useText();
  const words = t.receipt;
  const { number } = useFormats();
  const { version } = receipt.agent;
  const outcomes: Record<string, string> = t.conversations.outcomes;
  return (
    <Facts
      facts={[
        [words.outcome, receipt.status === "running" ? t.conversations.outcomes.running : outcomes[receipt.outcome ?? ""]],
        [words.asked, <Ago key="asked" at={receipt.startedAt} />],
        [words.writer, receipt.responder === "model" ? t.conversations.responderModel : t.conversations.responderQuotes],
        [words.model, receipt.model],
        [words.provider, receipt.provider],
        [
          words.attempts,
          receipt.attempts.length > 0 && (
            <ol key="attempts" className="space-y-1">
              {receipt.attempts.map(({ model, error }, n) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: one model may be asked twice, and a record never reorders
                <li key={n}>
                  {model}: <span className="text-muted">{reasonOf(words, error)}</span>
                </li>
              ))}
            </ol>
          ),
        ],
        [
          words.version,
          version && (
            <span key="version" className="flex flex-wrap items-center gap-2">
              <Link to={`${agent}/settings`} className={textLink}>
                {words.versionNumber(number(version.number))}
              </Link>
              <Badge tone={version.isCurrent ? "neutral" : "warning"}>{version.isCurrent ? words.versionCurrent : words.versionOld}</Badge>
            </span>
          ),
        ],
        [words.apiKey, receipt.apiKey && (receipt.apiKey.name ?? t.usage.subjects.unknownKey)],
        [
          words.promptHash,
          receipt.promptHash && (
            <code key="hash" title={`${receipt.promptHash}\n${words.promptHashHint}`} className="font-mono text-sm whitespace-nowrap">
              {receipt.promptHash.slice(0, 12)}…
            </code>
          ),
        ],
      ].filter((fact): fact is [string, string] => Boolean(fact[1]))}
    />
  );
}

function Spent({ tokens, costMicros }: Pick<Receipt, "tokens" | "costMicros">) {
  const words = useText().receipt;
  const { number, money } = useFormats();
  return (
    <Facts
      facts={[
        [words.promptTokens, number(tokens.prompt)],
        [words.cachedTokens, tokens.cached > 0 ? number(tokens.cached) : null],
        [words.completionTokens, number(tokens.completion)],
        [words.cost, money(costMicros)],
      ]}
    />
  );
}

export const ErrorBoundary = PageError;
