import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction } from "@remix-run/node";
import { useLoaderData } from "@remix-run/react";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { z } from "zod";
import { ButtonLink } from "~/components/button";
import { UsageDrawing } from "~/components/drawings";
import { Banner, Card, EmptyState } from "~/components/page";
import { PageError } from "~/components/page-error";
import { AtAGlance } from "~/components/usage/at-a-glance";
import { LimitsPanel } from "~/components/usage/limits-panel";
import { UsageChart } from "~/components/usage/usage-chart";
import { UsageTable } from "~/components/usage/usage-table";
import { attempt, parseFields, type Refused, readForm, refused } from "~/http/form.server";
import { requireMember } from "~/http/guards.server";
import { useFormats, useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { METRICS, type Metric, parseLimit, whoField } from "~/models/budget";
import { addBudget, changeBudget, listBudgets, listSubjects, metricOfBudget, removeBudget } from "~/models/budget.server";
import { monthOf } from "~/models/month";
import { activeResponder } from "~/models/responder.server";
import { allows } from "~/models/role";
import { ranked, sum } from "~/models/usage";
import { usageByAgent, usageByModel } from "~/models/usage.server";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => t.usage.title);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org, role } = await requireMember(request, params.orgSlug);
  const search = new URL(request.url).searchParams;
  const now = new Date();
  const month = monthOf(search.get("month"), now);
  const span = { orgId: org.id, from: month.days[0] ?? "", until: month.days.at(-1) ?? "" };
  const [byAgent, byModel, budgets, subjects] = await Promise.all([
    usageByAgent(db, span),
    usageByModel(db, span),
    listBudgets(db, { orgId: org.id }),
    listSubjects(db, { orgId: org.id }),
  ]);
  return {
    ...month,
    today: now.toISOString().slice(0, 10),
    byAgent,
    byModel,
    budgets,
    subjects,
    startWith: whoField.safeParse(search.get("limit")).data ?? null,
    mayChange: allows(role, "admin"),
    onlyQuotes: activeResponder(null).kind === "quotes",
  };
}

const fields = {
  add: z.strictObject({
    intent: z.literal("add"),
    who: whoField,
    metric: z.enum(METRICS),
    limit: z.string().min(1, { error: "required" }),
  }),
  change: z.strictObject({ intent: z.literal("change"), budgetId: z.uuid(), limit: z.string().min(1, { error: "required" }) }),
  remove: z.strictObject({ intent: z.literal("remove"), budgetId: z.uuid() }),
};

/** Does `work` with a limit as it was typed, unless that is none. */
async function withLimit(metric: Metric, typed: string, work: (limit: number) => Promise<void>): Promise<{ ok: true } | Refused> {
  const limit = parseLimit(metric, typed);
  return typeof limit === "string" ? refused({ limit }) : attempt(() => work(limit));
}

export async function action({ request, params }: ActionFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug, "admin");
  const submitted = await readForm(request);
  const done = await change(submitted);
  return done.ok ? { ok: true as const } : data(done, { status: 400 });

  async function change(given: Record<string, string>): Promise<{ ok: true } | Refused> {
    if (given.intent === "remove") {
      const form = parseFields(given, fields.remove);
      return form.ok ? attempt(() => removeBudget(db, { orgId: org.id, budgetId: form.value.budgetId })) : form;
    }
    if (given.intent === "change") {
      const form = parseFields(given, fields.change);
      if (!form.ok) return form;
      const by = { orgId: org.id, budgetId: form.value.budgetId };
      const metric = await metricOfBudget(db, by);
      if (!metric) return refused({ form: "gone" });
      return withLimit(metric, form.value.limit, (limit) => changeBudget(db, { ...by, limit }));
    }
    const form = parseFields(given, fields.add);
    if (!form.ok) return form;
    const { who, metric } = form.value;
    const added = await withLimit(metric, form.value.limit, (limit) => addBudget(db, { orgId: org.id, who, metric, limit }));
    return !added.ok && added.errors.form === "taken" ? refused({ form: "limitExists" }) : added;
  }
}

export default function UsagePage() {
  const t = useText();
  const words = t.usage;
  const { utcMonth } = useFormats();
  const page = useLoaderData<typeof loader>();
  const agentNames = new Map(page.subjects.agents.map(({ id, name }) => [id, name]));
  const agentName = (id: string) => agentNames.get(id) ?? words.deletedAgent;
  const modelName = (model: string) => (model === "quotes" ? words.quotes : model);
  const isCurrent = page.next === null;
  return (
    <div className="space-y-8">
      <section aria-label={words.month} className="space-y-4">
        <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2">
          <div>
            <h2 className="text-lg font-semibold first-letter:uppercase">{utcMonth(page.month)}</h2>
            <p className="text-sm text-muted">{words.utc}</p>
          </div>
          <nav aria-label={words.month} className="flex gap-2">
            <ButtonLink to={`?month=${page.previous}`} size="sm" aria-label={words.previousMonth} preventScrollReset>
              <ChevronLeft aria-hidden className="size-4" />
            </ButtonLink>
            {page.next && (
              <ButtonLink to={`?month=${page.next}`} size="sm" aria-label={words.nextMonth} preventScrollReset>
                <ChevronRight aria-hidden className="size-4" />
              </ButtonLink>
            )}
          </nav>
        </div>
        {page.onlyQuotes && isCurrent && <Banner>{words.quotesNote}</Banner>}
        {page.byAgent.length === 0 ? (
          <Card as="div">
            <EmptyState drawing={<UsageDrawing />} title={words.emptyTitle} heading="h3">
              {words.emptyText}
            </EmptyState>
          </Card>
        ) : (
          <>
            <AtAGlance month={sum(page.byAgent)} today={isCurrent ? sum(page.byAgent.filter(({ day }) => day === page.today)) : null} />
            <UsageChart key={page.month} {...page} nameOf={(split, of) => (split === "agent" ? agentName(of) : modelName(of))} />
            <UsageTable title={words.agents} column={words.agent} rows={ranked(page.byAgent)} name={agentName} unanswered />
            <UsageTable title={words.models} column={words.model} rows={ranked(page.byModel)} name={modelName} />
          </>
        )}
      </section>
      <LimitsPanel {...page} />
    </div>
  );
}

export const ErrorBoundary = PageError;
