import { Plus } from "lucide-react";
import { useText } from "~/i18n/text";
import { Button } from "../button";
import { Field, Textarea } from "../field";
import { Panel } from "../page";
import { newKey, type ParameterRow, parametersOf, placeholdersOf, rowsOfText } from "./draft";
import type { EditorPart } from "./editor-part";
import { ParameterFields } from "./parameter-fields";

/** What the model fills in: as rows, or as the JSON schema that they are. */
export function ParametersPanel({ draft, set, error, problems }: EditorPart & { problems: string[] }) {
  const t = useText();
  const words = t.actions;
  const asText = draft.schemaText !== null;
  const back = asText ? rowsOfText(draft.schemaText ?? "") : null;
  const { path } = placeholdersOf(draft.url);
  const change = (changed: ParameterRow) => set({ parameters: draft.parameters.map((row) => (row.key === changed.key ? changed : row)) });
  const add = () => set({ parameters: [...draft.parameters, { key: newKey(), name: "", required: false, property: { type: "string" } }] });
  const overall = error("parameters") ?? error("parameters.properties") ?? error("parameters.required");
  return (
    <Panel title={words.parameters} hint={words.parametersHint}>
      {asText ? (
        <Field label={words.schema} hint={words.schemaHint} error={error("schema") ?? (problems.length > 0 ? problems : overall)}>
          {(wiring) => (
            <Textarea
              {...wiring}
              value={draft.schemaText ?? ""}
              onChange={(event) => set({ schemaText: event.target.value })}
              rows={12}
              spellCheck={false}
              autoCapitalize="off"
              className="font-mono text-sm"
            />
          )}
        </Field>
      ) : (
        <>
          {draft.parameters.length === 0 && <p className="text-muted">{words.parametersNone}</p>}
          <ul className="space-y-3">
            {draft.parameters.map((row) => (
              <ParameterFields
                key={row.key}
                row={row}
                inPath={path.includes(row.name)}
                error={error(row.key) ?? error(`parameters.properties.${row.name}`)}
                onChange={change}
                onRemove={() => set({ parameters: draft.parameters.filter(({ key }) => key !== row.key) })}
              />
            ))}
          </ul>
          {overall && (
            <p role="alert" className="mt-2 text-sm text-danger-ink">
              {overall}
            </p>
          )}
        </>
      )}
      <p className="mt-3 text-sm text-muted">{draft.method === "GET" || draft.method === "DELETE" ? words.restQuery : words.restBody}</p>
      <div className="mt-4 flex flex-wrap gap-2">
        {asText ? (
          <Button size="sm" disabled={!back} onClick={() => back && set({ ...back, schemaText: null })}>
            {words.asRows}
          </Button>
        ) : (
          <>
            <Button size="sm" onClick={add} disabled={draft.parameters.length >= 20}>
              <Plus aria-hidden className="size-3.5" />
              {words.addParameter}
            </Button>
            <Button size="sm" look="ghost" onClick={() => set({ schemaText: JSON.stringify(parametersOf(draft), null, 2) })}>
              {words.asJson}
            </Button>
          </>
        )}
      </div>
    </Panel>
  );
}
