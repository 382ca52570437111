import { type LoaderFunctionArgs, redirect } from "@remix-run/node";

/** Integrations begin with the CRMs. */
export const loader = ({ params }: LoaderFunctionArgs) => redirect(`/orgs/${params.orgSlug}/integrations/crm`);
