import { notFound } from "~/http/guards.server";

/** Every address that no page has. */
export const loader = () => {
  throw notFound();
};
export const action = loader;

export default function Nowhere() {
  return null;
}
