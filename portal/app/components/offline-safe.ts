import { type ClientActionFunctionArgs, data } from "@remix-run/react";

/**
 * A route's clientAction: sends the form as usual, but a network that is down becomes an error on the form instead of an
 * error page, so that nothing typed is lost. The status keeps Remix from asking for the page anew, which would fail as well.
 */
export async function offlineSafe({ serverAction }: ClientActionFunctionArgs) {
  try {
    return await serverAction();
  } catch (thrown) {
    if (thrown instanceof TypeError) return data({ ok: false as const, errors: { form: "unavailable" as const } }, { status: 503 });
    throw thrown;
  }
}
