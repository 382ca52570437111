import { hkdfSync } from "node:crypto";
import { createCookie } from "@remix-run/node";
import { env } from "~/services.server";

const MINUTES = 15;
const secrets = env.ENCRYPTION_KEY.map(({ key }) =>
  Buffer.from(hkdfSync("sha256", key, "", "portal recovery cookie", 32)).toString("base64"),
);

/**
 * Proof that a person came through the link of a reset mail a few minutes ago. Only with it does the page for a new
 * password open: a browser left signed in is not enough to change the password (T26).
 */
const cookie = createCookie("gap-recovery", {
  secrets,
  path: "/",
  maxAge: MINUTES * 60,
  httpOnly: true,
  sameSite: "lax",
  secure: env.APP_URL.startsWith("https:"),
});

/** The Set-Cookie line for a person who has just used their link. */
export const recoveryCookie = (userId: string): Promise<string> => cookie.serialize({ userId, until: Date.now() + MINUTES * 60_000 });

/** The Set-Cookie line that uses the proof up. */
export const endRecovery = (): Promise<string> => cookie.serialize("", { maxAge: 0 });

/** Whether the request carries a proof for this person that has not run out. */
export async function isRecovering(request: Request, userId: string): Promise<boolean> {
  const value: unknown = await cookie.parse(request.headers.get("cookie"));
  if (typeof value !== "object" || value === null || !("userId" in value) || !("until" in value)) return false;
  return value.userId === userId && typeof value.until === "number" && value.until > Date.now();
}
