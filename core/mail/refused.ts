/** The mail server will not take this mail, whoever offers it and however often. */
export class MailRefused extends Error {
  override readonly name = "MailRefused";
}

/**
 * One address, alone: what could name several recipients or begin another header is refused here, whatever sends.
 * @throws MailRefused
 */
export function oneAddress(to: string): string {
  if (to.length > 320 || !/^[^\s<>()[\]\\,;:"@]+@[^\s<>()[\]\\,;:"@]+$/.test(to)) throw new MailRefused("This is not one e-mail address");
  return to;
}
