import { ChevronDown } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { classNames } from "./class-names";
import { Input } from "./field";
import { menuPanel } from "./menu";

export type ComboboxOption = { value: string; label: string; detail?: ReactNode };

/** More than fit a look are not listed: typing narrows them down. */
const SHOWN = 60;

const fits = (option: ComboboxOption, words: string[]) => {
  const text = `${option.label} ${option.value}`.toLocaleLowerCase();
  return words.every((word) => text.includes(word));
};

/**
 * A text field with suggestions: any text may stand, the list only helps. Keyboard and roles are those of the ARIA pattern
 * "Editable combobox with list autocomplete" (w3.org/WAI/ARIA/apg/patterns/combobox).
 */
export function Combobox(props: {
  id?: string;
  name?: string;
  value: string;
  onChange: (value: string) => void;
  options: ComboboxOption[];
  /** Names the list. */
  label: string;
  /** Told by screen readers when the list changes. */
  countText: (count: number) => string;
  placeholder?: string;
  maxLength?: number;
  "aria-label"?: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
}) {
  const { value, onChange, options, label, countText, ...wiring } = props;
  const listId = useId();
  const [open, setOpen] = useState(false);
  /** Until something is typed, all are listed, whatever stands in the field. */
  const [typed, setTyped] = useState(false);
  const [active, setActive] = useState(-1);
  const list = useRef<HTMLDivElement>(null);
  const words = typed ? value.toLocaleLowerCase().split(/\s+/).filter(Boolean) : [];
  const found = open ? options.filter((option) => fits(option, words)) : [];
  const shown = found.slice(0, SHOWN);
  const visible = open && shown.length > 0;

  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: "nearest" });
  }, [active]);

  const show = (from: "start" | "end" | "none") => {
    setOpen(true);
    setActive(from === "none" ? -1 : from === "start" ? 0 : Math.min(options.length, SHOWN) - 1);
  };
  const close = () => {
    setOpen(false);
    setActive(-1);
    setTyped(false);
  };
  const pick = (option: ComboboxOption) => {
    onChange(option.value);
    close();
  };

  function onKeyDown(event: KeyboardEvent) {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      if (!visible) show(step > 0 ? "start" : "end");
      else setActive((active + step + shown.length + (active < 0 && step < 0 ? 1 : 0)) % shown.length);
    } else if (event.key === "Enter" && visible && shown[active]) {
      event.preventDefault();
      pick(shown[active]);
    } else if (event.key === "Escape" && visible) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  }

  return (
    <div className="relative">
      <Input
        {...wiring}
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={visible}
        aria-controls={listId}
        aria-activedescendant={visible && active >= 0 ? `${listId}-${active}` : undefined}
        value={value}
        onChange={(event) => {
          onChange(event.target.value);
          setTyped(true);
          setOpen(true);
          setActive(-1);
        }}
        onClick={() => !open && show("none")}
        onKeyDown={onKeyDown}
        onBlur={close}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        className="pr-9 font-mono text-sm"
      />
      {options.length > 0 && <ChevronDown aria-hidden className="pointer-events-none absolute top-2.5 right-3 size-4 text-muted" />}
      <div
        ref={list}
        id={listId}
        role="listbox"
        aria-label={label}
        hidden={!visible}
        className={classNames(menuPanel, "absolute top-full right-0 left-0 z-40 mt-1 max-h-72 max-w-none overflow-y-auto")}
      >
        {shown.map((option, at) => (
          // The keyboard is the field's own, as the pattern has it.
          <div
            key={option.value}
            id={`${listId}-${at}`}
            role="option"
            aria-selected={option.value === value}
            tabIndex={-1}
            onMouseEnter={() => setActive(at)}
            onMouseDown={(event) => {
              // Keeps the focus in the field.
              event.preventDefault();
              pick(option);
            }}
            className={classNames("cursor-pointer rounded-md px-2.5 py-1.5", at === active && "bg-hover")}
          >
            <span className="flex flex-wrap items-baseline justify-between gap-x-3">
              <span className={classNames("text-base", option.value === value && "font-medium")}>{option.label}</span>
              {option.detail && <span className="tabular text-xs text-muted">{option.detail}</span>}
            </span>
            {option.label !== option.value && <span className="block truncate font-mono text-xs text-muted">{option.value}</span>}
          </div>
        ))}
      </div>
      <span role="status" className="sr-only">
        {typed && open ? countText(found.length) : ""}
      </span>
    </div>
  );
}
