import { CrmError } from "./crm-error.ts";

/**
 * A text as a literal of SOQL: developer.salesforce.com/docs, "Quoted String Escape Sequences". Only the quote and the backslash end or change a
 * literal; line breaks are written out, as are the other control characters, which no field holds.
 */
export function soqlText(text: string): string {
  const escapes: Record<string, string> = { "\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a query as they are
  return `'${text.replace(/[\\'\n\r\t]/g, (character) => escapes[character]!).replace(/[\u0000-\u001f\u007f]/g, "")}'`;
}

/** The name of a field, before it goes into a query. @throws CrmError("invalid") for anything else */
export function soqlField(name: string): string {
  if (!/^[A-Za-z][A-Za-z0-9_]{0,79}$/.test(name))
    throw new CrmError("invalid", "This is no name of a field", { detail: "This is no name of a field" });
  return name;
}

/** A pattern for LIKE that finds digits in this order at the end of a number, however they are grouped. */
export const soqlDigits = (digits: string): string => `'%${digits.replace(/\D/g, "").split("").join("%")}'`;

/** A moment as SOQL writes it, without quotes. */
export const soqlTime = (at: number): string => new Date(at).toISOString();
