import { Quote, Sparkles } from "lucide-react";
import { useText } from "~/i18n/text";
import { Badge } from "./page";

/** Who writes the answers of this installation: a model, or the built-in responder that quotes. */
export type Responder = { kind: "quotes" } | { kind: "model"; model: string };

export function ResponderBadge({ responder }: { responder: Responder }) {
  const t = useText();
  return responder.kind === "model" ? (
    <Badge tone="accent" title={t.responder.model(responder.model)}>
      <Sparkles aria-hidden className="size-3.5" />
      {t.responder.modelBadge}
    </Badge>
  ) : (
    <Badge title={t.responder.quotes}>
      <Quote aria-hidden className="size-3.5" />
      {t.responder.quotesBadge}
    </Badge>
  );
}
