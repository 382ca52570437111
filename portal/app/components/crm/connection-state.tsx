import type { ReactNode } from "react";
import { Badge, Banner, type Tone } from "~/components/page";
import { useFormats, useText } from "~/i18n/text";
import type { Connection } from "~/models/connection.server";

type State = Pick<Connection, "status" | "error_code" | "failing_since">;
const TONES: Record<Connection["status"], Tone> = {
  ok: "success",
  unauthorized: "danger",
  failing: "warning",
  paused: "neutral",
  disconnecting: "neutral",
};

/** Why something did not work, in words that follow a colon; codes that are newer than this page are our side's. */
export function useFailureWords(): (code: string | null) => string {
  const words = useText().crm.failures as Record<string, string>;
  return (code) => words[code ?? "other"] ?? words.other ?? "";
}

/** How a connection is, in a word. */
export function ConnectionState({ connection }: { connection: State }) {
  const words = useText().crm.states;
  return <Badge tone={TONES[connection.status]}>{words[connection.status]}</Badge>;
}

/** How a connection is, in a sentence; null while it works. */
export function useStateText(): (connection: State) => string | null {
  const words = useText().crm.stateText;
  const formats = useFormats();
  const why = useFailureWords();
  return ({ status, error_code, failing_since }) => {
    if (status === "ok") return null;
    if (status === "unauthorized") return words.unauthorized(why(error_code ?? "unauthorized"));
    if (status === "failing") return words.failing(failing_since ? formats.date(failing_since) : "", why(error_code));
    return words[status];
  };
}

/** The same as a banner over the page, with what the CRM itself said. */
export function ConnectionBanner({ connection, action }: { connection: State & { error_detail: string | null }; action?: ReactNode }) {
  const text = useStateText()(connection);
  if (!text) return null;
  const tone = connection.status === "unauthorized" ? "danger" : connection.status === "failing" ? "warning" : "neutral";
  return (
    <Banner tone={tone} className="mb-5" action={action}>
      {text}
      {connection.error_detail && connection.status !== "paused" && connection.status !== "disconnecting" && (
        <span className="mt-1 block font-mono text-xs wrap-anywhere">{connection.error_detail}</span>
      )}
    </Banner>
  );
}
