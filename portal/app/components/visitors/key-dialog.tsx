import { useState } from "react";
import { Button } from "~/components/button";
import { CodeBlock } from "~/components/copy";
import { Dialog } from "~/components/dialog";
import { Field, Input, Textarea } from "~/components/field";
import { useAction } from "~/components/use-action";
import type { ErrorCode } from "~/i18n/error-codes";
import { useText } from "~/i18n/text";

type Answer = { ok: true; secret?: string } | { ok: false; errors: Record<string, ErrorCode> };
const KINDS = ["HS256", "EdDSA"] as const;

/** Makes a key: a shared secret is shown once, a public key only pasted. */
export function KeyDialog({ open, onClose }: { open: boolean; onClose(): void }) {
  const t = useText();
  const words = t.visitors;
  const [kind, setKind] = useState<(typeof KINDS)[number]>("HS256");
  const [secret, setSecret] = useState<string | null>(null);
  const { Form, busy, error } = useAction<Answer>((answer) => {
    if (answer.ok && answer.secret) setSecret(answer.secret);
    else onClose();
  });
  const close = () => {
    setSecret(null);
    onClose();
  };
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => !next && close()}
      title={secret ? words.createdTitle : words.new}
      description={secret ? words.createdText : words.keysHint}
    >
      {secret ? (
        <div className="mt-5 space-y-5">
          <CodeBlock code={secret} label={words.secret} wrap />
          <div className="flex justify-end">
            <Button look="primary" onClick={close}>
              {words.done}
            </Button>
          </div>
        </div>
      ) : (
        <Form method="post" className="mt-5 space-y-5">
          <input type="hidden" name="intent" value="create" />
          <Field label={words.name} error={error("name") ?? error("form")}>
            {(wiring) => <Input {...wiring} name="name" maxLength={80} placeholder={words.namePlaceholder} required autoComplete="off" />}
          </Field>
          <fieldset>
            <legend className="mb-2 font-medium">{words.kind}</legend>
            <div className="space-y-2.5">
              {KINDS.map((one) => (
                <label key={one} className="flex items-start gap-2.5">
                  <input
                    type="radio"
                    name="algorithm"
                    value={one}
                    checked={kind === one}
                    onChange={() => setKind(one)}
                    className="mt-0.5 size-4 accent-accent"
                  />
                  <span>
                    {words.kinds[one]}
                    <span className="block text-sm text-muted">{words.kindHints[one]}</span>
                  </span>
                </label>
              ))}
            </div>
          </fieldset>
          {kind === "EdDSA" && (
            <Field label={words.publicKey} hint={words.publicKeyHint} error={error("publicKey")}>
              {(wiring) => (
                <Textarea {...wiring} name="publicKey" rows={4} maxLength={2_000} spellCheck={false} className="font-mono text-sm" />
              )}
            </Field>
          )}
          <div className="flex justify-end gap-2">
            <Button onClick={close}>{t.common.cancel}</Button>
            <Button type="submit" look="primary" busy={busy}>
              {words.create}
            </Button>
          </div>
        </Form>
      )}
    </Dialog>
  );
}
