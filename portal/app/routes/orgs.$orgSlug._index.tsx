import { type LoaderFunctionArgs, redirect } from "@remix-run/node";

export const loader = ({ params }: LoaderFunctionArgs) => redirect(`/orgs/${params.orgSlug}/agents`);
