import { type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes, useId } from "react";
import { useText } from "~/i18n/text";
import { classNames } from "./class-names";

export const control =
  "w-full rounded-md border border-line-strong bg-surface px-3 text-base text-ink transition-colors hover:border-muted aria-invalid:border-danger-ink disabled:bg-sunken disabled:text-muted";

type Wiring = { id: string; "aria-describedby": string | undefined; "aria-invalid": true | undefined };

/** A label with its control, a hint and an error, tied together for assistive technology. */
export function Field(props: {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | string[] | null;
  optional?: boolean;
  className?: string;
  children: (wiring: Wiring) => ReactNode;
}) {
  const t = useText();
  const id = useId();
  const errors = [props.error ?? []].flat();
  const hint = errors.length ? null : props.hint;
  const described = [hint ? `${id}-hint` : "", errors.length ? `${id}-error` : ""].filter(Boolean).join(" ");
  return (
    <div className={classNames("min-w-0", props.className)}>
      <label htmlFor={id} className="mb-1.5 flex items-baseline gap-2 font-medium">
        {props.label}
        {props.optional && <span className="text-xs font-normal text-muted">{t.common.optional}</span>}
      </label>
      {props.children({ id, "aria-describedby": described || undefined, "aria-invalid": errors.length ? true : undefined })}
      {hint && (
        <p id={`${id}-hint`} className="mt-1.5 text-sm text-muted">
          {hint}
        </p>
      )}
      {errors.length > 0 && (
        <div id={`${id}-error`} role="alert" className="mt-1.5 text-sm text-danger-ink">
          {errors.map((error) => (
            <p key={error}>{error}</p>
          ))}
        </div>
      )}
    </div>
  );
}

export function Input({ className, ...rest }: InputHTMLAttributes<HTMLInputElement>) {
  return <input className={classNames(control, "h-9", className)} {...rest} />;
}

export function Textarea({ className, ...rest }: TextareaHTMLAttributes<HTMLTextAreaElement>) {
  return <textarea className={classNames(control, "field-sizing-content max-h-96 min-h-20 py-2 leading-5", className)} {...rest} />;
}

export function Select({ className, children, ...rest }: SelectHTMLAttributes<HTMLSelectElement>) {
  return (
    <select className={classNames(control, "h-9", className)} {...rest}>
      {children}
    </select>
  );
}
