import { useState } from "react";
import { useText } from "~/i18n/text";
import { Button } from "../button";
import { ConfirmDialog } from "../dialog";
import { Card } from "../page";
import { useAction } from "../use-action";

/** Deleting an action, apart from its form; asks for the name. */
export function DeleteAction({ name }: { name: string }) {
  const t = useText();
  const words = t.actions;
  const [asking, setAsking] = useState(false);
  const removal = useAction();
  return (
    <Card className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 p-5">
      <div className="min-w-0 flex-1 basis-64">
        <h2 className="font-semibold">{words.delete}</h2>
        <p className="text-sm text-muted">{words.deleteText}</p>
      </div>
      <Button look="danger-ghost" onClick={() => setAsking(true)}>
        {words.delete}
      </Button>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={words.deleteTitle(name)}
        description={words.deleteText}
        confirm={words.delete}
        typed={{ name, label: t.orgSettings.typeName(name) }}
        busy={removal.busy}
        error={removal.error("form")}
        onConfirm={(typed) => removal.submit({ intent: "delete", name: typed }, { method: "post" })}
      />
    </Card>
  );
}
