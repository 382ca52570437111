/** What a look at one thing came to. */
export type Finding = {
  /** A short name that stays the same: what is looked at. */
  check: string;
  /** "off": it is not in use here. */
  status: "ok" | "warn" | "fail" | "off";
  /** What is so, in plain words. Never holds a secret. */
  says: string;
  /** What to do about it; for warn and fail. */
  todo?: string;
};

export const ok = (check: string, says: string): Finding => ({ check, status: "ok", says });
export const off = (check: string, says: string): Finding => ({ check, status: "off", says });
export const warn = (check: string, says: string, todo: string): Finding => ({ check, status: "warn", says, todo });
export const fail = (check: string, says: string, todo: string): Finding => ({ check, status: "fail", says, todo });

/** An error's own words, without addresses' passwords. */
export const wordsOf = (error: unknown): string => {
  const { message, cause, code } = error as { message?: string; cause?: unknown; code?: string };
  const inner = cause ? wordsOf(cause) : "";
  return [message || code || String(error), inner]
    .filter(Boolean)
    .join(": ")
    .replace(/\/\/[^\s@/]*@/g, "//…@")
    .slice(0, 300);
};
