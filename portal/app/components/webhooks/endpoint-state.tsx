import { Badge } from "~/components/page";
import { useText } from "~/i18n/text";
import type { WebhookEndpoint } from "~/models/webhook.server";

/** How an endpoint is: works, fails, or is switched off. */
export function EndpointState({ endpoint }: { endpoint: Pick<WebhookEndpoint, "status" | "disabled_reason" | "failing_since"> }) {
  const words = useText().webhooks;
  if (endpoint.status === "disabled")
    return <Badge tone={endpoint.disabled_reason === "by_hand" ? "neutral" : "danger"}>{words.off}</Badge>;
  return endpoint.failing_since ? <Badge tone="warning">{words.failing}</Badge> : <Badge tone="success">{words.on}</Badge>;
}
