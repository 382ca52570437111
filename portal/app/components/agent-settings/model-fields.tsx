import { ArrowDown, ArrowUp, Plus, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useFormats, useLocale, useText } from "~/i18n/text";
import { Button, IconButton } from "../button";
import { Combobox, type ComboboxOption } from "../combobox";
import { Field } from "../field";

/** A model as the picker shows it; prices in micro-dollars for a million tokens. */
export type PickableModel = {
  id: string;
  name: string;
  contextTokens: number | null;
  prices: { prompt: number; completion: number } | null;
};

const MAX_FALLBACKS = 4;
const MAX_LENGTH = 120;

/** What a model costs and reads, in a few words; null when neither is known. */
function useModelFacts() {
  const t = useText();
  const formats = useFormats();
  const locale = useLocale();
  // A price of $0.075 is not $0.08.
  const price = (micros: number) =>
    new Intl.NumberFormat(locale, { style: "currency", currency: "USD", maximumFractionDigits: 4 }).format(micros / 1e6);
  return ({ prices, contextTokens }: PickableModel): string | null => {
    const words = t.modelPicker;
    const free = prices && prices.prompt === 0 && prices.completion === 0;
    const facts = [
      free ? words.free : prices ? words.price(price(prices.prompt), price(prices.completion)) : null,
      contextTokens ? words.context(formats.compact(contextTokens)) : null,
    ].filter(Boolean);
    return facts.length > 0 ? facts.join(" · ") : null;
  };
}

/** The agent's model and those that stand in for it, in their order. Any id may be typed; the catalogue only helps. */
export function ModelFields(props: {
  models: PickableModel[];
  defaultModel: string;
  initial: { model: string | null; fallbackModels: string[] };
  error: (field: string) => string | null;
  onChange: () => void;
}) {
  const t = useText();
  const words = t.modelPicker;
  const factsOf = useModelFacts();
  const [model, setModel] = useState(props.initial.model ?? "");
  const options = props.models.map((known): ComboboxOption => ({ value: known.id, label: known.name, detail: factsOf(known) }));
  const hintFor = (id: string): string => {
    const known = props.models.find((one) => one.id === id.trim());
    if (known) return [known.name, factsOf(known)].filter(Boolean).join(" · ");
    return props.models.length > 0 ? words.unknown : "";
  };
  const list = { options, label: words.list, countText: words.found, maxLength: MAX_LENGTH };
  return (
    <>
      <Field
        label={t.agentSettings.model}
        hint={model.trim() ? hintFor(model) : [t.agentSettings.modelHint(props.defaultModel), hintFor(props.defaultModel)].join(" ")}
        error={props.error("model")}
        optional
      >
        {(wiring) => (
          <Combobox
            {...list}
            {...wiring}
            name="model"
            value={model}
            onChange={(id) => {
              setModel(id);
              props.onChange();
            }}
            placeholder={props.defaultModel}
          />
        )}
      </Field>
      <Fallbacks list={list} hintFor={hintFor} {...props} />
    </>
  );
}

type Row = { key: number; id: string };
type ListProps = { options: ComboboxOption[]; label: string; countText: (count: number) => string; maxLength: number };

/** Where the focus goes once a row was added, moved or taken away. */
type Focus = { key: number; part: "field" | "up" | "down" } | "add";

function Fallbacks(props: {
  list: ListProps;
  hintFor: (id: string) => string;
  defaultModel: string;
  initial: { fallbackModels: string[] };
  error: (field: string) => string | null;
  onChange: () => void;
}) {
  const words = useText().modelPicker;
  const nextKey = useRef(props.initial.fallbackModels.length);
  const [rows, setRows] = useState<Row[]>(props.initial.fallbackModels.map((id, key) => ({ key, id })));
  const [told, setTold] = useState("");
  const focus = useRef<Focus | null>(null);
  const group = useRef<HTMLFieldSetElement>(null);
  useEffect(() => {
    const wanted = focus.current;
    if (!wanted) return;
    focus.current = null;
    const find = (selector: string) => group.current?.querySelector<HTMLElement>(selector);
    if (wanted === "add") return find("[data-part=add]")?.focus();
    const row = `[data-row="${wanted.key}"]`;
    if (wanted.part === "field") return find(`${row} input`)?.focus();
    // At the end of the list the button that was pressed is off: its opposite takes the focus.
    (find(`${row} [data-part=${wanted.part}]:enabled`) ?? find(`${row} [data-part]:enabled`))?.focus();
  });

  const change = (next: Row[], then: Focus | null, told = "") => {
    focus.current = then;
    setRows(next);
    setTold(told);
    props.onChange();
  };
  const move = (at: number, by: 1 | -1) => {
    const next = [...rows];
    const [row] = next.splice(at, 1);
    if (!row) return;
    next.splice(at + by, 0, row);
    change(next, { key: row.key, part: by < 0 ? "up" : "down" }, words.moved(at + by + 1, rows.length));
  };
  const add = () => {
    const key = nextKey.current++;
    change([...rows, { key, id: "" }], { key, part: "field" });
  };
  const remove = (at: number) => {
    const next = rows.filter((_, index) => index !== at);
    const neighbour = next[Math.min(at, next.length - 1)];
    change(next, neighbour ? { key: neighbour.key, part: "field" } : "add", words.removed);
  };
  const error = props.error("fallbackModels");

  return (
    <fieldset ref={group} className="min-w-0">
      <legend className="mb-1.5 font-medium">{words.fallbacks}</legend>
      <input type="hidden" name="fallbackModels" value={rows.map(({ id }) => id.trim()).join("\n")} />
      <ol className="space-y-2">
        {rows.map(({ key, id }, at) => (
          <li key={key} data-row={key} className="flex items-start gap-1">
            <span aria-hidden className="tabular w-5 shrink-0 pt-2 text-sm text-muted">
              {at + 1}.
            </span>
            <div className="min-w-0 flex-1">
              <Combobox
                {...props.list}
                aria-label={words.fallback(at + 1)}
                value={id}
                onChange={(value) =>
                  change(
                    rows.map((row) => (row.key === key ? { key, id: value } : row)),
                    null,
                  )
                }
              />
              {id.trim() && props.hintFor(id) && <p className="mt-1 text-xs text-muted">{props.hintFor(id)}</p>}
            </div>
            <IconButton label={words.up(at + 1)} data-part="up" disabled={at === 0} onClick={() => move(at, -1)}>
              <ArrowUp aria-hidden className="size-4" />
            </IconButton>
            <IconButton label={words.down(at + 1)} data-part="down" disabled={at === rows.length - 1} onClick={() => move(at, 1)}>
              <ArrowDown aria-hidden className="size-4" />
            </IconButton>
            <IconButton label={words.remove(at + 1)} onClick={() => remove(at)}>
              <X aria-hidden className="size-4" />
            </IconButton>
          </li>
        ))}
      </ol>
      {rows.length < MAX_FALLBACKS && (
        <Button size="sm" className={rows.length > 0 ? "mt-2" : undefined} data-part="add" onClick={add}>
          <Plus aria-hidden className="size-4" />
          {words.add}
        </Button>
      )}
      <p className="mt-1.5 text-sm text-muted">{words.fallbacksHint(props.defaultModel)}</p>
      {error && (
        <p role="alert" className="mt-1.5 text-sm text-danger-ink">
          {error}
        </p>
      )}
      <span role="status" className="sr-only">
        {told}
      </span>
    </fieldset>
  );
}
