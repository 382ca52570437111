import { Trash2 } from "lucide-react";
import { useState } from "react";
import { useText } from "~/i18n/text";
import { IconButton } from "../button";
import { Checkbox } from "../checkbox";
import { Field, Input, Select } from "../field";
import { choicesOf, type ParameterRow, type Property, type RowType, retyped, typeOf, withChoices } from "./draft";

const OFFERED = ["string", "number", "integer", "boolean", "list"] as const;

type Props = {
  row: ParameterRow;
  inPath: boolean;
  error: string | null;
  onChange: (row: ParameterRow) => void;
  onRemove: () => void;
};

/** One parameter of an action. */
export function ParameterFields({ row, inPath, error, onChange, onRemove }: Props) {
  const t = useText();
  const words = t.actions;
  const type = typeOf(row.property);
  const chooses = type === "string" || type === "number" || type === "integer";
  const [choices, setChoices] = useState(() => choicesOf(row.property));
  const become = (property: Property) => onChange({ ...row, property });
  const retype = (next: RowType) => {
    if (next !== "other") become(withChoices(retyped(row.property, next), choices));
  };
  const describe = (description: string) => {
    const { description: _before, ...rest } = row.property;
    become((description ? { ...rest, description } : rest) as Property);
  };
  return (
    <li className="rounded-md border border-line bg-page/50 p-3">
      <div className="grid gap-3 sm:grid-cols-[minmax(0,1fr)_10rem_2rem]">
        <Field label={words.parameterName} error={error}>
          {(wiring) => (
            <Input
              {...wiring}
              value={row.name}
              onChange={(event) => onChange({ ...row, name: event.target.value })}
              maxLength={40}
              autoComplete="off"
              autoCapitalize="off"
              spellCheck={false}
              className="font-mono text-sm"
            />
          )}
        </Field>
        <Field label={words.parameterType}>
          {(wiring) => (
            <Select {...wiring} value={type} onChange={(event) => retype(event.target.value as RowType)}>
              {OFFERED.map((offered) => (
                <option key={offered} value={offered}>
                  {words.types[offered]}
                </option>
              ))}
              {type === "other" && <option value="other">{words.types.other}</option>}
            </Select>
          )}
        </Field>
        <IconButton
          label={words.removeRow(row.name || words.parameters.toLocaleLowerCase())}
          onClick={onRemove}
          className="self-start max-sm:order-last max-sm:justify-self-end sm:mt-7"
        >
          <Trash2 aria-hidden className="size-4" />
        </IconButton>
        <Field label={words.parameterDescription} className={chooses ? "" : "sm:col-span-3"} optional>
          {(wiring) => (
            <Input
              {...wiring}
              value={row.property.description ?? ""}
              onChange={(event) => describe(event.target.value)}
              maxLength={500}
              autoComplete="off"
            />
          )}
        </Field>
        {chooses && (
          <Field label={words.parameterChoices} hint={words.parameterChoicesHint} className="sm:col-span-2" optional>
            {(wiring) => (
              <Input
                {...wiring}
                value={choices}
                onChange={(event) => {
                  setChoices(event.target.value);
                  become(withChoices(row.property, event.target.value));
                }}
                autoComplete="off"
              />
            )}
          </Field>
        )}
        <Checkbox
          className="sm:col-span-3"
          label={words.parameterRequired}
          hint={inPath ? words.parameterInPath : undefined}
          checked={row.required || inPath}
          disabled={inPath}
          onChange={(event) => onChange({ ...row, required: event.target.checked })}
        />
      </div>
    </li>
  );
}
