/**
 * The digits that two ways of writing one phone number share: "8 (916) 123-45-67" and "+7 916 123-45-67" are both 79161234567, as people in
 * Russia and Kazakhstan dial 8 for +7 (national prefix of numbering zone 7, ITU-T E.164).
 * @returns "" when there are fewer than five digits: an extension is nobody's number
 */
export function phoneDigits(text: string): string {
  const digits = text.replace(/\D/g, "");
  if (digits.length < 5) return "";
  return /^8\d{10}$/.test(digits) && !text.trim().startsWith("+") ? `7${digits.slice(1)}` : digits;
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
