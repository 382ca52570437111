export type BackupErrorCode =
  /** Not a file of ours at all. */
  | "not_a_backup"
  /** Of a format, or with migrations, that this version does not know. */
  | "newer"
  /** Sealed with another BACKUP_KEY. */
  | "wrong_key"
  /** The file ends before its last chunk. */
  | "truncated"
  /** A byte was changed, or chunks were moved, repeated or taken out. */
  | "damaged"
  /** The place to restore into holds data. */
  | "not_empty"
  /** Something this needs is not set or not there. */
  | "unconfigured"
  /** Another backup is being made. */
  | "busy";

/** A backup cannot be made, read or restored, and why, in words for the person at the terminal. */
export class BackupError extends Error {
  override name = "BackupError";
  readonly code: BackupErrorCode;
  constructor(code: BackupErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
