import { useState } from "react";
import { useText } from "~/i18n/text";
import { Button } from "../button";
import { ConfirmDialog } from "../dialog";
import { Card } from "../page";
import { useAction } from "../use-action";

/** Pausing and deleting an agent, apart from the form; deleting asks for the name. */
export function DangerZone({ name, status, mayDelete }: { name: string; status: "live" | "paused"; mayDelete: boolean }) {
  const t = useText();
  const words = t.agentSettings;
  const [asking, setAsking] = useState(false);
  const pause = useAction();
  const removal = useAction();
  return (
    <Card className="divide-y divide-line">
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 p-5">
        <div className="min-w-0 flex-1 basis-64">
          <h2 className="font-semibold">
            {words.state}: {t.agents[status].toLocaleLowerCase()}
          </h2>
          <p className="text-sm text-muted">{words.pausedHint}</p>
          {pause.error("form") && (
            <p role="alert" className="text-sm text-danger-ink">
              {pause.error("form")}
            </p>
          )}
        </div>
        <Button
          busy={pause.busy}
          onClick={() => pause.submit({ intent: "status", status: status === "live" ? "paused" : "live" }, { method: "post" })}
        >
          {status === "live" ? words.pause : words.resume}
        </Button>
      </div>
      {mayDelete && (
        <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 p-5">
          <div className="min-w-0 flex-1 basis-64">
            <h2 className="font-semibold">{words.danger}</h2>
            <p className="text-sm text-muted">{words.dangerText}</p>
          </div>
          <Button look="danger-ghost" onClick={() => setAsking(true)}>
            {words.deleteButton}
          </Button>
        </div>
      )}
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={words.deleteTitle(name)}
        description={words.dangerText}
        confirm={words.deleteButton}
        typed={{ name, label: t.orgSettings.typeName(name) }}
        busy={removal.busy}
        error={removal.error("form")}
        onConfirm={(typed) => removal.submit({ intent: "delete", name: typed }, { method: "post" })}
      />
    </Card>
  );
}
