import type { ClientActionFunctionArgs, ShouldRevalidateFunctionArgs } from "@remix-run/react";

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

/**
 * A route's shouldRevalidate: a refused form has changed nothing, so nothing is asked anew. (Asking would fail too while
 * the network is down, and then take the form off the screen.)
 */
export const unlessRefused = ({ actionResult, defaultShouldRevalidate }: ShouldRevalidateFunctionArgs): boolean =>
  actionResult?.ok === false ? false : defaultShouldRevalidate;
