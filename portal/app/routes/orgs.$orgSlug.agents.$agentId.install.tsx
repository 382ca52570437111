import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Link, useLoaderData, useParams } from "@remix-run/react";
import { Globe } from "lucide-react";
import { textLink } from "~/components/auth-page";
import { ButtonLink } from "~/components/button";
import { CodeBlock } from "~/components/copy";
import { Banner, Panel } from "~/components/page";
import { PageError } from "~/components/page-error";
import { found, requireMember, uuidParam } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { findAgent, listOrigins } from "~/models/agent.server";
import { env } from "~/services.server";

export const meta: MetaFunction = titled((t) => t.install.title);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug);
  const by = { orgId: org.id, agentId: uuidParam(params.agentId) };
  const [agent, origins] = await Promise.all([findAgent(db, by), listOrigins(db, by)]);
  const { publicId } = found(agent);
  return { publicId, origins, portal: new URL(env.APP_URL).origin };
}

export default function Install() {
  const t = useText();
  const { orgSlug } = useParams();
  const { publicId, origins, portal } = useLoaderData<typeof loader>();
  const snippet = `<script src="${portal}/widget.js" async></script>\n<gpt-agent agent-id="${publicId}"></gpt-agent>`;
  const inline = `<script src="${portal}/widget.js" async></script>\n<gpt-agent agent-id="${publicId}" mode="inline" style="height: 600px"></gpt-agent>`;
  const policy = `script-src ${portal};\nconnect-src ${portal};\nimg-src data:;`;
  const body = JSON.stringify({ model: `agent:${publicId}`, messages: [{ role: "user", content: t.install.apiQuestion }] }, null, 2);
  const request = `curl ${portal}/v1/chat/completions \\\n  -H "Authorization: Bearer $GPT_AGENT_KEY" \\\n  -H "Content-Type: application/json" \\\n  -d '${body.replaceAll("'", "’")}'`;
  return (
    <div className="max-w-3xl space-y-4">
      <h2 className="sr-only">{t.install.title}</h2>
      <p className="text-muted">{t.install.lead}</p>
      <Panel title={t.install.allowTitle}>
        {origins.length === 0 ? (
          <Banner
            tone="warning"
            action={
              <ButtonLink to="../settings#origins" relative="path" size="sm">
                {t.install.allowAdd}
              </ButtonLink>
            }
          >
            {t.install.allowNone}
          </Banner>
        ) : (
          <>
            <p className="text-muted">{t.install.allowSome}</p>
            <ul className="mt-2 space-y-1 font-mono text-sm">
              {origins.map((origin) => (
                <li key={origin} className="flex items-center gap-2 wrap-anywhere">
                  <Globe aria-hidden className="size-3.5 shrink-0 text-muted" />
                  {origin}
                </li>
              ))}
            </ul>
            <p className="mt-3">
              <Link to="../settings#origins" relative="path" className={textLink}>
                {t.install.allowEdit}
              </Link>
            </p>
          </>
        )}
      </Panel>
      <Panel title={t.install.snippetTitle} hint={t.install.snippetText}>
        <CodeBlock label="HTML" code={snippet} />
      </Panel>
      <Panel title={t.install.inlineTitle} hint={t.install.inlineText}>
        <CodeBlock label='HTML, mode="inline"' code={inline} />
      </Panel>
      <Panel title={t.install.cspTitle} hint={t.install.cspText}>
        <CodeBlock label="Content-Security-Policy" code={policy} />
      </Panel>
      <Panel
        title={t.install.apiTitle}
        hint={
          <>
            {t.install.apiText}{" "}
            <Link to={`/orgs/${orgSlug}/settings/keys`} className={textLink}>
              {t.install.apiKeys}
            </Link>
          </>
        }
      >
        <CodeBlock label="curl" code={request} />
      </Panel>
    </div>
  );
}

export const ErrorBoundary = PageError;
