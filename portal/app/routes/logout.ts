import { type ActionFunctionArgs, redirect } from "@remix-run/node";
import { openAuth } from "~/http/session.server";

export const loader = () => redirect("/");

/** Ends this browser's session here and at Supabase Auth, so that a kept copy of the cookie is worth nothing (T29). */
export async function action({ request }: ActionFunctionArgs) {
  const { auth, headers } = openAuth(request);
  await auth.signOut({ scope: "local" });
  throw redirect("/login", { headers });
}
