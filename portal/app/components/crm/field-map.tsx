import type { CrmField } from "@gpt-agent/core/crm/crm";
import type { FieldMapping, OurField } from "@gpt-agent/core/crm/crm-settings";
import { Plus, X } from "lucide-react";
import { useEffect, useRef } from "react";
import { Button, IconButton } from "~/components/button";
import { Combobox } from "~/components/combobox";
import { Select } from "~/components/field";
import { Skeleton } from "~/components/page";
import { useText } from "~/i18n/text";
import { misfit } from "~/models/field-fit";
import { useFailureWords } from "./connection-state";

/** A line of the map, with a key that stays while lines come and go. */
export type MapRow = FieldMapping & { id: number };
export type FieldsAnswer =
  | { ok: true; value: { contact: CrmField[]; deal: CrmField[] } }
  | { ok: false; code: string; detail: string | null };

const GRID = "md:grid md:grid-cols-[minmax(0,1fr)_9.5rem_minmax(0,1.2fr)_8.5rem_2rem] md:items-start md:gap-x-3";

type Props = {
  rows: MapRow[];
  onChange: (rows: MapRow[]) => void;
  /** What the CRM says of its fields; undefined while it is being asked. */
  fields: FieldsAnswer | undefined;
  deals: boolean;
  /** Whether lines that are not filled in are pointed at. */
  strict: boolean;
};

/** Which field of ours goes into which of theirs, and back. */
export function FieldMap({ rows, onChange, fields, deals, strict }: Props) {
  const words = useText().crm;
  const why = useFailureWords();
  const objects = deals || rows.some(({ object }) => object === "deal") ? (["contact", "deal"] as const) : (["contact"] as const);
  return (
    <div className="space-y-6">
      {fields === undefined && (
        <div role="status" className="flex items-center gap-3 text-sm text-muted">
          <Skeleton className="h-3.5 w-24" />
          {words.fieldsLoading}
        </div>
      )}
      {fields?.ok === false && (
        <p role="alert" className="text-sm text-warning-ink">
          {words.fieldsFailed(why(fields.code))}
        </p>
      )}
      {objects.map((object) => (
        <ObjectMap
          key={object}
          object={object}
          rows={rows}
          onChange={onChange}
          fields={fields?.ok ? fields.value[object] : []}
          strict={strict}
        />
      ))}
    </div>
  );
}

let lastId = 0;
/** Lines as they were saved, with keys. */
export const withIds = (lines: FieldMapping[]): MapRow[] => lines.map((line) => ({ ...line, id: ++lastId }));

function ObjectMap(props: {
  object: "contact" | "deal";
  rows: MapRow[];
  onChange: Props["onChange"];
  fields: CrmField[];
  strict: boolean;
}) {
  const words = useText().crm;
  const { object, rows, onChange, fields } = props;
  const mine = rows.filter((row) => row.object === object);
  const added = useRef<number | null>(null);
  const addButton = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    if (added.current === null) return;
    list.current?.querySelector<HTMLSelectElement>(`[data-row="${added.current}"] select`)?.focus();
    added.current = null;
  });
  const add = () => {
    const taken = new Set(mine.map(({ ours }) => ours));
    const ours = (Object.keys(words.ours) as OurField[]).find((one) => !taken.has(one)) ?? "summary";
    added.current = ++lastId;
    onChange([...rows, { id: lastId, object, ours, theirs: "", label: "", direction: "out", agentMayRead: false }]);
  };
  return (
    <div>
      <h4 className="mb-2 font-medium">{words.objects[object]}</h4>
      {mine.length === 0 && object === "contact" && <p className="mb-3 text-sm text-muted">{words.noRows}</p>}
      {mine.length > 0 && (
        <div aria-hidden className={`hidden pb-1.5 text-sm text-muted ${GRID}`}>
          <span>{words.our}</span>
          <span>{words.direction}</span>
          <span>{words.their}</span>
          <span>{object === "contact" && words.agentMayRead}</span>
        </div>
      )}
      <ul ref={list} className="mb-3 space-y-3 md:space-y-2">
        {mine.map((row, at) => (
          <Row
            key={row.id}
            row={row}
            number={at + 1}
            fields={fields}
            strict={props.strict}
            onChange={(change) => onChange(rows.map((one) => (one.id === row.id ? { ...one, ...change } : one)))}
            onRemove={() => {
              onChange(rows.filter((one) => one.id !== row.id));
              addButton.current?.focus();
            }}
          />
        ))}
      </ul>
      <Button ref={addButton} size="sm" onClick={add}>
        <Plus aria-hidden className="size-4" />
        {words.addRow}
      </Button>
    </div>
  );
}

function Row(props: {
  row: MapRow;
  number: number;
  fields: CrmField[];
  strict: boolean;
  onChange: (change: Partial<FieldMapping>) => void;
  onRemove: () => void;
}) {
  const words = useText().crm;
  const { row, number, fields, onChange } = props;
  const known = fields.find(({ key }) => key === row.theirs);
  const wrong = misfit(row, fields);
  const empty = props.strict && !row.theirs;
  const name = words.row(number);
  const noteId = `row-${row.id}-note`;
  const ours = row.ours ? words.ours[row.ours] : words.nothing;
  const setOurs = (value: string) => onChange(value ? { ours: value as OurField } : { ours: null, direction: "in" });
  const setDirection = (direction: FieldMapping["direction"]) =>
    onChange({
      direction,
      ...(direction === "out" ? { agentMayRead: false } : {}),
      ...(direction !== "in" && !row.ours ? { ours: "name" } : {}),
    });
  return (
    <li data-row={row.id} className={`space-y-2 rounded-lg border border-line p-3 md:space-y-0 md:border-0 md:p-0 ${GRID}`}>
      <Select value={row.ours ?? ""} onChange={(event) => setOurs(event.target.value)} aria-label={`${name}: ${words.our}`}>
        {row.object === "contact" && <option value="">{words.nothing}</option>}
        {(Object.entries(words.ours) as [OurField, string][]).map(([key, label]) => (
          <option key={key} value={key}>
            {label}
          </option>
        ))}
      </Select>
      {row.object === "contact" ? (
        <Select
          value={row.direction}
          onChange={(event) => setDirection(event.target.value as FieldMapping["direction"])}
          aria-label={`${name}: ${words.direction}`}
        >
          {(["out", "in", "both"] as const).map((direction) => (
            <option key={direction} value={direction}>
              {words.directions[direction]}
            </option>
          ))}
        </Select>
      ) : (
        <p className="py-2 text-sm text-muted max-md:hidden">{words.directions.out}</p>
      )}
      <div>
        <Combobox
          value={row.theirs}
          onChange={(theirs) =>
            onChange({ theirs: theirs.slice(0, 200), label: fields.find(({ key }) => key === theirs)?.label.slice(0, 200) ?? row.label })
          }
          options={fields.map(({ key, label, type }) => ({ value: key, label, detail: words.kindsOfField[type] }))}
          label={words.their}
          countText={words.fieldCount}
          maxLength={200}
          aria-label={`${name}: ${words.their}`}
          aria-describedby={noteId}
          {...(wrong || empty ? { "aria-invalid": true as const } : {})}
        />
        <p id={noteId} className={`mt-1 text-xs ${wrong || empty ? "text-danger-ink" : "text-muted"}`}>
          {empty ? words.rowEmpty : wrong ? words.misfits[wrong] : known ? `${known.label} · ${words.kindsOfField[known.type]}` : row.label}
        </p>
      </div>
      <div className="flex items-center justify-between md:contents">
        {row.object === "contact" ? (
          <label className={`flex h-9 items-center gap-2 text-sm ${row.direction === "out" ? "text-muted opacity-60" : ""}`}>
            <input
              type="checkbox"
              checked={row.agentMayRead}
              disabled={row.direction === "out"}
              onChange={(event) => onChange({ agentMayRead: event.target.checked })}
              aria-label={`${name}: ${words.agentMayRead}`}
              className="size-4 accent-accent"
            />
            <span className="md:hidden">{words.agentMayRead}</span>
          </label>
        ) : (
          <span />
        )}
        <IconButton label={words.removeRow(ours)} onClick={props.onRemove}>
          <X aria-hidden className="size-4" />
        </IconButton>
      </div>
    </li>
  );
}
