import type { ClientActionFunctionArgs } from "@remix-run/react";

/**
 * A route's clientAction: sends the form as usual, but a network that is down becomes an error on the form instead of an
 * error page, so that nothing typed is lost.
 */
export async function offlineSafe({ serverAction }: ClientActionFunctionArgs) {
  try {
    return await serverAction();
  } catch (thrown) {
    if (thrown instanceof TypeError) return { ok: false as const, errors: { form: "unavailable" as const } };
    throw thrown;
  }
}
