import { useEffect, useState } from "react";
import { useFormats } from "~/i18n/text";

const MINUTE = 60_000;

/** How long ago, with the exact moment (in the reader's time zone) on hover. */
export function Ago({ at, className }: { at: string; className?: string }) {
  const formats = useFormats();
  const [now, setNow] = useState(() => Date.now());
  const [exact, setExact] = useState<string>();
  useEffect(() => {
    setNow(Date.now());
    setExact(formats.date(at));
    const timer = setInterval(() => setNow(Date.now()), MINUTE);
    return () => clearInterval(timer);
  }, [at, formats]);
  return (
    <time dateTime={new Date(at).toISOString()} title={exact} className={className} suppressHydrationWarning>
      {formats.ago(at, now)}
    </time>
  );
}
