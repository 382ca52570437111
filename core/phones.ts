/**
 * A phone number for comparing, however it was written: its digits as they are dialled from abroad, without "+" or "00". "8 (916) 123-45-67"
 * and "+7 916 123-45-67" are both 79161234567, as people in Russia and Kazakhstan dial 8 for +7 (national prefix of numbering zone 7,
 * ITU-T E.164). private.phone_key in the database reads numbers in the same way.
 * @returns "" when there are fewer than seven digits: an extension is nobody's number
 */
export function phoneDigits(text: string): string {
  const written = text.trimStart();
  const digits = text.replace(/\D/g, "");
  const key = written.startsWith("+")
    ? digits
    : written.startsWith("00")
      ? digits.slice(2)
      : /^8\d{10}$/.test(digits)
        ? `7${digits.slice(1)}`
        : digits;
  return key.length < 7 ? "" : key;
}

/** Whether both are one phone number, however they are written. */
export function samePhone(one: string, other: string): boolean {
  const digits = phoneDigits(one);
  return digits !== "" && digits === phoneDigits(other);
}

/** What to look for where a CRM searches in numbers as they were written: without the country's digit that people write in two ways. */
export function phoneSearch(text: string): string {
  const digits = phoneDigits(text);
  return /^7\d{10}$/.test(digits) ? digits.slice(1) : digits;
}

/**
 * A phone number as people type it, in E.164 (https://www.itu.int/rec/T-REC-E.164) where it can be read so: with its country's code, or as
 * Russians write theirs ("8 912 345-67-89", and "9123456789" where Russian is spoken). Anything else comes back with its spaces tidied.
 * "+7 (912) 345-67-89" is "+79123456789".
 */
export function normalizePhone(typed: string, locale: "en" | "ru" = "en"): string {
  const key = phoneDigits(typed);
  const namesCountry = /^\s*(\+|00)/.test(typed);
  const isRussian = /^7[3489]\d{9}$/.test(key) && (locale === "ru" || typed.replace(/\D/g, "").startsWith("8"));
  if (namesCountry ? /^[1-9]\d{6,14}$/.test(key) : isRussian) return `+${key}`;
  if (!namesCountry && locale === "ru" && /^9\d{9}$/.test(key)) return `+7${key}`;
  return typed.trim().replace(/\s+/g, " ");
}
