import { Lock, Plus, Trash2 } from "lucide-react";
import { useText } from "~/i18n/text";
import { Button, IconButton } from "../button";
import { Checkbox } from "../checkbox";
import { Field, Input } from "../field";
import { Panel } from "../page";
import { type HeaderRow, newKey, originOr } from "./draft";
import type { EditorPart } from "./editor-part";

type Props = EditorPart & {
  /** The origin that the stored secrets were given for; null for a new action. */
  storedFor: string | null;
  /** May its secrets be changed here (and their ends be seen)? */
  mayChange: boolean;
};

/** The headers of an action's request, plain and secret. */
export function HeadersPanel({ draft, set, error, storedFor, mayChange }: Props) {
  const t = useText();
  const words = t.actions;
  const origin = originOr(draft.url);
  const moved = storedFor !== null && origin !== null && origin !== storedFor ? new URL(storedFor).host : null;
  const change = (changed: HeaderRow) => set({ headers: draft.headers.map((row) => (row.key === changed.key ? changed : row)) });
  return (
    <Panel title={words.headers} hint={words.headersHint}>
      {draft.headers.length === 0 && <p className="text-muted">{words.headersNone}</p>}
      <ul className="space-y-3">
        {draft.headers.map((row) => (
          <HeaderFields
            key={row.key}
            row={row}
            moved={moved}
            mayChange={mayChange}
            error={(field) => error(`headers.${row.key}.${field}`)}
            onChange={change}
            onRemove={() => set({ headers: draft.headers.filter(({ key }) => key !== row.key) })}
          />
        ))}
      </ul>
      <Button
        size="sm"
        className="mt-4"
        disabled={draft.headers.length >= 20}
        onClick={() => set({ headers: [...draft.headers, { key: newKey(), name: "", value: "", secret: false, stored: null }] })}
      >
        <Plus aria-hidden className="size-3.5" />
        {words.addHeader}
      </Button>
    </Panel>
  );
}

type RowProps = {
  row: HeaderRow;
  moved: string | null;
  mayChange: boolean;
  error: (field: string) => string | null;
  onChange: (row: HeaderRow) => void;
  onRemove: () => void;
};

/** Names that hold a key more often than not. */
const LIKELY_SECRET = /^authorization$|key|token|secret|password/i;

function HeaderFields({ row, moved, mayChange, error, onChange, onRemove }: RowProps) {
  const t = useText();
  const words = t.actions;
  const rename = (name: string) =>
    onChange({ ...row, name, secret: row.secret || (LIKELY_SECRET.test(name) && !LIKELY_SECRET.test(row.name)) });
  return (
    <li className="rounded-md border border-line bg-page/50 p-3">
      <div className="grid gap-3 sm:grid-cols-[minmax(0,2fr)_minmax(0,3fr)_2rem]">
        <Field label={words.headerName} error={error("name")}>
          {(wiring) => (
            <Input
              {...wiring}
              value={row.name}
              onChange={(event) => rename(event.target.value)}
              placeholder="Authorization"
              maxLength={80}
              autoComplete="off"
              autoCapitalize="off"
              spellCheck={false}
              className="font-mono text-sm"
            />
          )}
        </Field>
        {row.secret && row.stored ? (
          <StoredSecret row={row} stored={row.stored} moved={moved} mayChange={mayChange} error={error} onChange={onChange} />
        ) : (
          <ValueField row={row} error={error} onChange={onChange} />
        )}
        <IconButton
          label={words.removeRow(row.name || words.headers.toLocaleLowerCase())}
          onClick={onRemove}
          className="self-start max-sm:order-last max-sm:justify-self-end sm:mt-7"
        >
          <Trash2 aria-hidden className="size-4" />
        </IconButton>
        {!row.stored && (
          <Checkbox
            className="sm:col-span-3"
            label={words.headerSecret}
            checked={row.secret}
            onChange={(event) => onChange({ ...row, secret: event.target.checked })}
          />
        )}
      </div>
    </li>
  );
}

type ValueProps = Pick<RowProps, "row" | "error" | "onChange">;

function ValueField({ row, error, onChange }: ValueProps) {
  const words = useText().actions;
  return (
    <Field label={row.secret ? words.headerSecret : words.headerValue} error={error(row.secret ? "secret" : "value")}>
      {(wiring) => (
        <Input
          {...wiring}
          type={row.secret ? "password" : "text"}
          value={row.value}
          onChange={(event) => onChange({ ...row, value: event.target.value })}
          placeholder={row.secret ? "Bearer …" : ""}
          maxLength={1_000}
          autoComplete="off"
          spellCheck={false}
          className="font-mono text-sm"
        />
      )}
    </Field>
  );
}

/** A secret that is sealed: its end, and a way to put another in its place. */
function StoredSecret({
  row,
  stored,
  moved,
  mayChange,
  error,
  onChange,
}: ValueProps & Pick<RowProps, "moved" | "mayChange"> & { stored: NonNullable<HeaderRow["stored"]> }) {
  const words = useText().actions;
  const problem = error("secret") ?? (moved === null ? null : words.secretOtherHost(moved));
  return (
    <div className="min-w-0">
      <p className="mb-1.5 font-medium">{words.headerSecret}</p>
      <div className="flex min-h-9 flex-wrap items-center gap-x-3 gap-y-1">
        <Lock aria-hidden className="size-4 shrink-0 text-muted" />
        <span className="min-w-0">{mayChange ? words.secretStored(stored.lastFour) : words.secretHidden}</span>
        {mayChange && (
          <Button
            size="sm"
            onClick={() => onChange({ ...row, stored: null, value: "" })}
            aria-label={`${words.secretReplace}: ${row.name}`}
          >
            {words.secretReplace}
          </Button>
        )}
      </div>
      {problem && (
        <p role="alert" className="mt-1 text-sm text-danger-ink">
          {problem}
        </p>
      )}
    </div>
  );
}
