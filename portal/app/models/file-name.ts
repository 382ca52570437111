const FALLBACK = "file";
const MAX_LENGTH = 300;
// C0 and C1 controls, direction marks and overrides, zero-width characters, the Tags block, lone surrogates.
const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
  /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\u061c]|[\u{e0000}-\u{e007f}]|\p{Cs}/gu;

/**
 * A file's name as we show it: the last part of any path, composed Unicode (NFC), nothing invisible that could disguise
 * it ("invoice\u202Efdp.exe"), at most 300 UTF-16 units with the extension kept. Only for display: stored objects are
 * named by ids (T50).
 */
export function displayFileName(given: string): string {
  const visible = given.replace(UNSEEN, "").normalize("NFC");
  const name = (visible.split(/[/\\]/).at(-1) ?? "").replace(/\s+/g, " ").trim();
  if (!name || /^\.+$/.test(name)) return FALLBACK;
  if (name.length <= MAX_LENGTH) return name;
  const extension = /\.[\p{L}\p{N}]{1,10}$/u.exec(name)?.[0] ?? "";
  const head = name.slice(0, MAX_LENGTH - extension.length - 1).replace(/[\ud800-\udbff]$/, "");
  return `${head}…${extension}`;
}
