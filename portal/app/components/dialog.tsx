import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { type ReactNode, useId, useState } from "react";
import { useText } from "~/i18n/text";
import { Button, IconButton } from "./button";
import { Input } from "./field";

/** A modal window. Focus stays inside, Escape closes it, focus returns to what opened it. */
export function Dialog(props: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  description?: ReactNode;
  children?: ReactNode;
}) {
  const t = useText();
  return (
    <Radix.Root open={props.open} onOpenChange={props.onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-fade bg-[oklch(0.15_0.02_270/0.5)]" />
        <Radix.Content
          className="fixed inset-x-4 bottom-4 z-50 mx-auto max-h-[calc(100dvh-2rem)] max-w-md animate-rise overflow-y-auto rounded-xl bg-raised p-6 shadow-float sm:top-[18vh] sm:bottom-auto"
          {...(props.description ? {} : { "aria-describedby": undefined })}
        >
          <Radix.Title className="pr-8 text-lg font-semibold wrap-anywhere">{props.title}</Radix.Title>
          {props.description && <Radix.Description className="mt-1.5 text-muted">{props.description}</Radix.Description>}
          {props.children}
          {/* Last, so that the first thing of the dialog itself gets the focus. */}
          <Radix.Close asChild>
            <IconButton label={t.common.close} className="absolute top-5 right-4">
              <X aria-hidden className="size-4" />
            </IconButton>
          </Radix.Close>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Asks before something is destroyed; with `typed`, only once that name has been typed. */
export function ConfirmDialog(props: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  description: ReactNode;
  confirm: string;
  busy?: boolean;
  error?: string | null;
  typed?: { name: string; label: string };
  onConfirm: (typed: string) => void;
}) {
  const t = useText();
  const id = useId();
  const [text, setText] = useState("");
  const ready = !props.typed || text.trim() === props.typed.name.trim();
  return (
    <Dialog
      open={props.open}
      onOpenChange={(open) => {
        setText("");
        props.onOpenChange(open);
      }}
      title={props.title}
      description={props.description}
    >
      <form
        className="mt-5"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !props.busy) props.onConfirm(text);
        }}
      >
        {props.typed && (
          <div className="mb-5">
            <label htmlFor={id} className="mb-1.5 block font-medium wrap-anywhere">
              {props.typed.label}
            </label>
            <Input id={id} value={text} onChange={(event) => setText(event.target.value)} autoComplete="off" spellCheck={false} />
          </div>
        )}
        {props.error && (
          <p role="alert" className="mb-4 text-sm text-danger-ink">
            {props.error}
          </p>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={() => props.onOpenChange(false)}>{t.common.cancel}</Button>
          <Button type="submit" look="danger" disabled={!ready} busy={props.busy}>
            {props.confirm}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
