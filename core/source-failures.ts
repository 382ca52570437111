/**
 * Why a source could not be read (sources.failure_code). The portal words each in the person's language; a new code
 * without words fails the portal's type check.
 */
export const SOURCE_FAILURES = [
  "empty",
  "too_large",
  "unsupported_type",
  "encrypted",
  "damaged",
  "no_text",
  "too_complex",
  "timed_out",
  "missing_file",
  "unexpected",
] as const;
export type SourceFailure = (typeof SOURCE_FAILURES)[number];
