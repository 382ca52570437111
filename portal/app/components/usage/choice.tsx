import { useId } from "react";

/** A few possibilities side by side, of which one is chosen; radio buttons underneath. */
export function Choice<T extends string>(props: { label: string; value: T; options: [T, string][]; onChange: (value: T) => void }) {
  const name = useId();
  return (
    <fieldset>
      <legend className="sr-only">{props.label}</legend>
      <div className="flex rounded-md border border-line bg-sunken p-0.5">
        {props.options.map(([value, label]) => (
          <label
            key={value}
            className="rounded-[5px] px-2.5 py-1 text-sm font-medium text-muted transition-colors hover:text-ink has-checked:bg-surface has-checked:text-ink has-checked:shadow-card has-focus-visible:outline-2 has-focus-visible:outline-accent-ink"
          >
            <input
              type="radio"
              className="sr-only"
              name={name}
              value={value}
              checked={props.value === value}
              onChange={() => props.onChange(value)}
            />
            {label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
