import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

/** What a secret belongs to. A sealed text opens only there: moved to another row or organization it is worthless. */
export type SealedFor = { orgId: string; purpose: string; rowId: string };

export type SecretErrorCode = "malformed" | "unknown_key" | "not_authentic";

/** A sealed text cannot be opened. The message holds neither the text nor what is inside. */
export class SecretError extends Error {
  override name = "SecretError";
  readonly code: SecretErrorCode;
  constructor(code: SecretErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export type SecretBox = {
  /** The sealed form of a text, under the newest key. */
  seal(plain: string, at: SealedFor): string;
  /** What was sealed. @throws SecretError when it was not sealed for exactly this place by a key that is still known */
  open(sealed: string, at: SealedFor): string;
  /** Was it sealed under a key that has since been replaced? */
  isStale(sealed: string): boolean;
};

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ENVELOPE = /^v1\.([\w-]{1,32})\.([A-Za-z0-9_-]{38,})$/;

/**
 * Seals texts with AES-256-GCM (NIST SP 800-38D) under keys derived from the encryption keys (HKDF-SHA256): the first seals, all
 * open, so that keys can be rotated. The envelope is `v1.<key id>.<base64url of nonce, ciphertext, tag>`; the nonce is random, which is
 * safe for 2^32 texts a key (§8.3), and what a secret belongs to is authenticated with it.
 * @throws TypeError without any key
 */
export function createSecretBox(encryptionKeys: { id: string; key: Buffer }[]): SecretBox {
  const keys = new Map(
    encryptionKeys.map(({ id, key }) => [id, Buffer.from(hkdfSync("sha256", key, "", "gpt-agent sealed secret v1", 32))]),
  );
  const newest = encryptionKeys[0]?.id;
  if (newest === undefined) throw new TypeError("A secret box needs a key");
  const belonging = (keyId: string, { orgId, purpose, rowId }: SealedFor) =>
    Buffer.from(JSON.stringify(["v1", keyId, orgId, purpose, rowId]));

  return {
    seal(plain, at) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", keys.get(newest)!, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(belonging(newest, at));
      const bytes = Buffer.concat([nonce, cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return `v1.${newest}.${bytes.toString("base64url")}`;
    },
    open(sealed, at) {
      const [, keyId, text] = ENVELOPE.exec(sealed) ?? [];
      if (!keyId || !text) throw new SecretError("malformed", "This is not a sealed secret.");
      const key = keys.get(keyId);
      if (!key)
        throw new SecretError("unknown_key", `The secret was sealed with the key "${keyId}", which ENCRYPTION_KEY no longer holds.`);
      const bytes = Buffer.from(text, "base64url");
      // One spelling for each secret: decoders overlook stray bits in the last character.
      if (bytes.toString("base64url") !== text) throw new SecretError("malformed", "This is not a sealed secret.");
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(belonging(keyId, at));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      try {
        return decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
      } catch {
        throw new SecretError("not_authentic", "The secret was changed, moved, or sealed with another key of the same id.");
      }
    },
    isStale: (sealed) => ENVELOPE.exec(sealed)?.[1] !== newest,
  };
}
