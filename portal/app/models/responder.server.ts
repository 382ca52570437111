import type { Responder } from "~/components/responder";
import { responder } from "~/services.server";

/** Who answers: the agent's model (else the platform's) when a key is set, the built-in quotes otherwise. */
export const activeResponder = (model: string | null): Responder =>
  responder.kind === "model" ? { kind: "model", model: model ?? responder.model ?? "" } : { kind: "quotes" };
