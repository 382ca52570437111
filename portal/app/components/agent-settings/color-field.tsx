import { useText } from "~/i18n/text";
import { Field, Input } from "../field";

const SHAPE = /^#[0-9a-f]{6}$/i;

/** A colour as #rrggbb, typed or picked. */
export function ColorField({ value, onChange, error }: { value: string; onChange: (color: string) => void; error: string | null }) {
  const t = useText();
  return (
    <Field label={t.agentSettings.color} error={error}>
      {(wiring) => (
        <div className="flex gap-2">
          <input
            type="color"
            aria-label={t.agentSettings.color}
            value={SHAPE.test(value) ? value : "#000000"}
            onChange={(event) => onChange(event.target.value)}
            className="h-9 w-11 shrink-0 cursor-pointer rounded-md border border-line-strong bg-surface p-1"
          />
          <Input
            {...wiring}
            name="primaryColor"
            value={value}
            onChange={(event) => onChange(event.target.value)}
            maxLength={7}
            spellCheck={false}
            autoComplete="off"
            className="font-mono text-sm"
          />
        </div>
      )}
    </Field>
  );
}
