import { Plus, Trash2 } from "lucide-react";
import { useText } from "~/i18n/text";
import { Button, IconButton } from "../button";
import { Field, Input } from "../field";
import { Panel } from "../page";
import { newKey } from "./draft";
import type { EditorPart } from "./editor-part";

/** Which parts of the service's answer reach the model. */
export function ResultPanel({ draft, set, error }: EditorPart) {
  const t = useText();
  const words = t.actions;
  const { result } = draft;
  return (
    <Panel title={words.result} hint={words.resultHint}>
      {result.length === 0 && <p className="text-muted">{words.resultAll}</p>}
      <ul className="space-y-3">
        {result.map((row, at) => (
          <li key={row.key} className="flex items-end gap-2">
            <Field label={`${words.pointer} ${at + 1}`} error={error(`result.${row.key}`)} className="flex-1">
              {(wiring) => (
                <Input
                  {...wiring}
                  value={row.pointer}
                  onChange={(event) =>
                    set({ result: result.map((one) => (one.key === row.key ? { ...one, pointer: event.target.value } : one)) })
                  }
                  placeholder="/order/status"
                  maxLength={200}
                  autoComplete="off"
                  autoCapitalize="off"
                  spellCheck={false}
                  className="font-mono text-sm"
                />
              )}
            </Field>
            <IconButton
              label={words.removeRow(row.pointer || words.pointer.toLocaleLowerCase())}
              onClick={() => set({ result: result.filter(({ key }) => key !== row.key) })}
            >
              <Trash2 aria-hidden className="size-4" />
            </IconButton>
          </li>
        ))}
      </ul>
      <Button
        size="sm"
        className="mt-4"
        disabled={result.length >= 20}
        onClick={() => set({ result: [...result, { key: newKey(), pointer: "" }] })}
      >
        <Plus aria-hidden className="size-3.5" />
        {words.addPointer}
      </Button>
    </Panel>
  );
}
