import { useState } from "react";
import { useText } from "~/i18n/text";
import { Button } from "../button";
import { Dialog } from "../dialog";
import { Field, Textarea } from "../field";
import { draftOfCurl } from "./curl";
import type { Draft } from "./draft";

/** Fills an action's form from a curl command that was pasted. */
export function ImportDialog({
  open,
  onOpenChange,
  onDraft,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onDraft: (draft: Draft) => void;
}) {
  const t = useText();
  const words = t.actions;
  const [command, setCommand] = useState("");
  const [failed, setFailed] = useState(false);
  const read = () => {
    const draft = draftOfCurl(command);
    setFailed(draft === null);
    if (!draft) return;
    setCommand("");
    onDraft(draft);
  };
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={words.importCurl} description={words.importHint}>
      <form
        className="mt-5 space-y-5"
        onSubmit={(event) => {
          event.preventDefault();
          // React hands events on along its own tree: the editor's form is above this one there.
          event.stopPropagation();
          read();
        }}
      >
        <Field label={words.importLabel} error={failed ? words.importFailed : null}>
          {(wiring) => (
            <Textarea
              {...wiring}
              value={command}
              onChange={(event) => setCommand(event.target.value)}
              placeholder={"curl https://api.example.com/orders/{order} \\\n  -H 'Authorization: Bearer …'"}
              rows={6}
              spellCheck={false}
              autoCapitalize="off"
              className="font-mono text-sm"
            />
          )}
        </Field>
        <div className="flex justify-end gap-2">
          <Button onClick={() => onOpenChange(false)}>{t.common.cancel}</Button>
          <Button type="submit" look="primary">
            {words.importRun}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
