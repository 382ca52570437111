import { useFetcher } from "@remix-run/react";
import { useEffect, useRef, useState } from "react";
import type { ErrorCode } from "~/i18n/error-codes";
import { useText } from "~/i18n/text";

type Answer = { ok: boolean; errors?: Record<string, ErrorCode> };

/**
 * A form that saves in place through an action which answers {ok} or {ok: false, errors}: its state, the words for each
 * field's error, and whether it was saved and not touched since.
 */
export function useAction<T extends Answer = Answer>(onDone?: (answer: T) => void) {
  const t = useText();
  const fetcher = useFetcher<T>();
  const data = fetcher.data as Answer | undefined;
  const [touched, setTouched] = useState(false);
  const busy = fetcher.state !== "idle";
  const done = useRef(onDone);
  done.current = onDone;
  const seen = useRef<unknown>(undefined);
  useEffect(() => {
    if (busy || data === undefined || seen.current === data) return;
    seen.current = data;
    if (!data.ok) return;
    setTouched(false);
    done.current?.(fetcher.data as T);
  }, [busy, data, fetcher.data]);
  const errors = data?.ok === false ? (data.errors ?? {}) : {};
  return {
    fetcher,
    Form: fetcher.Form,
    submit: fetcher.submit,
    data: fetcher.data,
    busy,
    saved: !busy && data?.ok === true && !touched,
    touched,
    touch: () => setTouched(true),
    error: (field: string): string | null => (errors[field] ? t.errors[errors[field]] : null),
    hasErrors: Object.keys(errors).length > 0,
  };
}
