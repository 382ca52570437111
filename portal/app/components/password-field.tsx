import { Eye, EyeOff } from "lucide-react";
import { type InputHTMLAttributes, useState } from "react";
import { useText } from "~/i18n/text";
import { IconButton } from "./button";
import { Field, Input } from "./field";

/** A password with a button that shows it. */
export function PasswordField({
  label,
  hint,
  error,
  ...rest
}: { label: string; hint?: string; error?: string | null } & InputHTMLAttributes<HTMLInputElement>) {
  const t = useText();
  const [shown, setShown] = useState(false);
  const Icon = shown ? EyeOff : Eye;
  return (
    <Field label={label} hint={hint} error={error}>
      {(wiring) => (
        <div className="relative">
          <Input {...wiring} type={shown ? "text" : "password"} name="password" required className="pr-10" {...rest} />
          <IconButton
            label={shown ? t.common.hide : t.common.show}
            aria-pressed={shown}
            className="absolute top-0.5 right-0.5"
            onClick={() => setShown(!shown)}
          >
            <Icon aria-hidden className="size-4 text-muted" />
          </IconButton>
        </div>
      )}
    </Field>
  );
}
