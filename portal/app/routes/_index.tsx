import type { MetaFunction } from "@remix-run/node";

export const meta: MetaFunction = () => [{ title: "GPT Agent Platform" }];

export default function Landing() {
  return <h1 className="p-8 text-2xl font-semibold">GPT Agent Platform</h1>;
}
