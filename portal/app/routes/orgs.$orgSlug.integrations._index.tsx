import { type LoaderFunctionArgs, redirect } from "@remix-run/node";

/** Integrations begin with the webhooks. */
export const loader = ({ params }: LoaderFunctionArgs) => redirect(`/orgs/${params.orgSlug}/integrations/webhooks`);
