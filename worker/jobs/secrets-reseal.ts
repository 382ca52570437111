import { resealSecrets } from "../secrets/reseal.ts";
import type { Handler } from "./index.ts";

/** Seals anew what was sealed under a key that has been replaced. */
export const secretsReseal: Handler<"secrets.reseal"> = async (_payload, deps, { signal }) => {
  await resealSecrets(deps, signal);
};
