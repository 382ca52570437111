import { Link, type LinkProps } from "@remix-run/react";
import { LoaderCircle } from "lucide-react";
import { type ButtonHTMLAttributes, forwardRef } from "react";
import { classNames } from "./class-names";

export type ButtonLook = "primary" | "secondary" | "ghost" | "danger" | "danger-ghost";
type Size = "md" | "sm" | "lg";

const base =
  "inline-flex shrink-0 items-center justify-center gap-2 rounded-md border font-medium whitespace-nowrap transition-colors select-none disabled:cursor-default disabled:opacity-55 aria-disabled:opacity-55";
const looks: Record<ButtonLook, string> = {
  primary: "border-transparent bg-accent text-on-accent hover:bg-accent-hover",
  secondary: "border-line-strong/60 bg-surface text-ink hover:bg-hover",
  ghost: "border-transparent text-ink hover:bg-hover",
  danger: "border-transparent bg-danger text-on-danger hover:bg-danger-hover",
  "danger-ghost": "border-transparent text-danger-ink hover:bg-danger-soft",
};
const sizes: Record<Size, string> = { sm: "h-8 px-2.5 text-sm", md: "h-9 px-3.5 text-base", lg: "h-11 px-5 text-lg" };

const className = (look: ButtonLook, size: Size, extra?: string) => classNames(base, looks[look], sizes[size], extra);

type Props = ButtonHTMLAttributes<HTMLButtonElement> & { look?: ButtonLook; size?: Size; busy?: boolean };

/** A button; while busy it shows a spinner and takes no second press. */
export const Button = forwardRef<HTMLButtonElement, Props>(function Button(
  { look = "secondary", size = "md", busy, className: extra, children, disabled, ...rest },
  ref,
) {
  return (
    <button
      ref={ref}
      type="button"
      className={className(look, size, extra)}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      {...rest}
    >
      {busy && <LoaderCircle aria-hidden className="size-4 animate-spin" />}
      {children}
    </button>
  );
});

/** A link that looks like a button. */
export function ButtonLink({ look = "secondary", size = "md", className: extra, ...rest }: LinkProps & { look?: ButtonLook; size?: Size }) {
  return <Link prefetch="intent" className={className(look, size, extra)} {...rest} />;
}

/** A square button with an icon; `label` is its name for assistive technology and the tooltip. */
export const IconButton = forwardRef<HTMLButtonElement, Omit<Props, "size"> & { label: string }>(function IconButton(
  { label, look = "ghost", className: extra, children, busy, disabled, ...rest },
  ref,
) {
  return (
    <button
      ref={ref}
      type="button"
      aria-label={label}
      title={label}
      className={classNames(base, looks[look], "size-8 p-0", extra)}
      disabled={disabled || busy}
      {...rest}
    >
      {busy ? <LoaderCircle aria-hidden className="size-4 animate-spin" /> : children}
    </button>
  );
});
