import { CircleAlert, CircleCheck, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { classNames } from "./class-names";

/** A page's title, one sentence of purpose, and its main action at the top right. */
export function PageHeader(props: { title: ReactNode; lead?: ReactNode; action?: ReactNode; before?: ReactNode }) {
  return (
    <header className="mb-6 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
      <div className="min-w-0 flex-1 basis-40">
        {props.before}
        <h1 className="text-xl font-semibold tracking-tight wrap-anywhere">{props.title}</h1>
        {props.lead && <p className="mt-1 max-w-2xl text-muted">{props.lead}</p>}
      </div>
      {props.action && <div className="flex flex-wrap items-center gap-2">{props.action}</div>}
    </header>
  );
}

export function Card({
  className,
  children,
  as: Tag = "section",
  ...rest
}: {
  className?: string;
  children: ReactNode;
  as?: "section" | "div" | "article" | "li";
  "aria-label"?: string;
}) {
  return (
    <Tag className={classNames("rounded-lg border border-line bg-surface shadow-card", className)} {...rest}>
      {children}
    </Tag>
  );
}

/** A titled group inside a form or page. */
export function Panel({
  title,
  hint,
  children,
  className,
}: {
  title: ReactNode;
  hint?: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  return (
    <Card className={classNames("p-5", className)}>
      <h2 className="text-lg font-semibold">{title}</h2>
      {hint && <p className="mt-0.5 text-sm text-muted">{hint}</p>}
      <div className="mt-4">{children}</div>
    </Card>
  );
}

export type Tone = "neutral" | "accent" | "success" | "warning" | "danger";
const tones: Record<Tone, string> = {
  neutral: "bg-hover text-muted",
  accent: "bg-accent-soft text-accent-ink",
  success: "bg-success-soft text-success-ink",
  warning: "bg-warning-soft text-warning-ink",
  danger: "bg-danger-soft text-danger-ink",
};

export function Badge({
  tone = "neutral",
  children,
  className,
  title,
}: {
  tone?: Tone;
  children: ReactNode;
  className?: string;
  title?: string;
}) {
  return (
    <span
      title={title}
      className={classNames(
        "inline-flex h-5.5 items-center gap-1.5 rounded-full px-2 text-xs font-medium whitespace-nowrap",
        tones[tone],
        className,
      )}
    >
      {children}
    </span>
  );
}

const icons = { neutral: Info, accent: Info, success: CircleCheck, warning: TriangleAlert, danger: CircleAlert };

/** A sentence that matters for the whole page. */
export function Banner({
  tone = "neutral",
  title,
  children,
  className,
  action,
}: {
  tone?: Tone;
  title?: ReactNode;
  children?: ReactNode;
  className?: string;
  action?: ReactNode;
}) {
  const Icon = icons[tone];
  return (
    <div
      role={tone === "danger" ? "alert" : "status"}
      className={classNames(
        "flex flex-wrap items-start gap-3 rounded-lg px-4 py-3 sm:flex-nowrap",
        tone === "neutral" ? "border border-line bg-surface text-ink" : tones[tone],
        className,
      )}
    >
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
      <div className="min-w-0 flex-1 basis-52">
        {title && <p className="font-medium">{title}</p>}
        {children && <div className={classNames(tone === "neutral" && "text-muted")}>{children}</div>}
      </div>
      {action}
    </div>
  );
}

/** Teaches what belongs here: one drawing, one sentence, one button. */
export function EmptyState({
  drawing,
  title,
  heading: Heading = "h2",
  children,
  action,
}: {
  drawing?: ReactNode;
  title: ReactNode;
  heading?: "h1" | "h2" | "h3";
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="mx-auto flex max-w-md flex-col items-center px-4 py-14 text-center">
      {drawing && <div className="mb-5 text-accent-ink">{drawing}</div>}
      <Heading className="text-lg font-semibold">{title}</Heading>
      {children && <p className="mt-1.5 text-muted">{children}</p>}
      {action && <div className="mt-5">{action}</div>}
    </div>
  );
}

export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={classNames("animate-pulse rounded-md bg-hover", className)} />;
}
