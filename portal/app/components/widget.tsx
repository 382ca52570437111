import { useLocation, useParams } from "@remix-run/react";
import { type DetailedHTMLProps, type HTMLAttributes, useEffect, useState } from "react";
import { useLocale, useText } from "~/i18n/text";
import { classNames } from "./class-names";
import { Banner } from "./page";

declare global {
  namespace JSX {
    interface IntrinsicElements {
      "gpt-agent": DetailedHTMLProps<HTMLAttributes<HTMLElement>, HTMLElement> & {
        "agent-id": string;
        mode?: "launcher" | "inline";
        locale?: string;
        class?: string;
        "user-token-url"?: string;
      };
    }
  }
}

const SCRIPT = "/widget.js";

/** The real widget inside the page, as visitors get it. `version` changes when the agent was saved, to show it anew. */
export function InlineWidget({ publicId, version = 0, className }: { publicId: string; version?: string | number; className?: string }) {
  const t = useText();
  const locale = useLocale();
  const { key } = useLocation();
  const { orgSlug, agentId } = useParams();
  const [failed, setFailed] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: tried again with every visit to the page
  useEffect(() => {
    const known = document.querySelector<HTMLScriptElement>(`script[src="${SCRIPT}"]`);
    if (known && !known.dataset.failed) return;
    known?.remove();
    setFailed(false);
    const script = document.createElement("script");
    script.src = SCRIPT;
    script.async = true;
    script.onerror = () => {
      script.dataset.failed = "true";
      setFailed(true);
    };
    document.head.append(script);
  }, [key]);
  if (failed) return <Banner tone="warning">{t.playground.scriptFailed}</Banner>;
  return (
    <div className={classNames("overflow-hidden rounded-xl", className)}>
      <gpt-agent
        key={`${publicId}:${version}:${locale}`}
        agent-id={publicId}
        mode="inline"
        locale={locale}
        class="block h-full w-full"
        user-token-url={orgSlug && agentId ? `/orgs/${orgSlug}/agents/${agentId}/preview-token` : undefined}
      />
    </div>
  );
}
