/**
 * A phone number as people type it, in E.164 (https://www.itu.int/rec/T-REC-E.164) where it can be read so: with its country's code, or as
 * Russians write theirs ("8 912 345-67-89", and "9123456789" where Russian is spoken). Anything else comes back with its spaces tidied.
 * "+7 (912) 345-67-89" is "+79123456789".
 */
export function normalizePhone(typed: string, locale: "en" | "ru" = "en"): string {
  const digits = typed.replace(/\D/g, "");
  if (/^\s*(\+|00)/.test(typed)) {
    const number = typed.trim().startsWith("+") ? digits : digits.slice(2);
    if (/^[1-9]\d{6,14}$/.test(number)) return `+${number}`;
  }
  if (/^8[3489]\d{9}$/.test(digits)) return `+7${digits.slice(1)}`;
  if (locale === "ru" && /^7[3489]\d{9}$/.test(digits)) return `+${digits}`;
  if (locale === "ru" && /^9\d{9}$/.test(digits)) return `+7${digits}`;
  return typed.trim().replace(/\s+/g, " ");
}
