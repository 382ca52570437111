import { type FakeLlm, startFakeLlm } from "../../../e2e/fakes/llm.ts";
import { startTestPortal, type TestPortal } from "./test-portal.ts";

/** A portal whose answers come from a scripted model. */
export type ModelPortal = TestPortal & { llm: FakeLlm };

/**
 * A portal (startTestPortal) that asks a scripted model and has its provider's key. Closing it ends the model too.
 * @param env added to the environment the portal reads
 */
export async function startModelPortal(env: Record<string, string> = {}): Promise<ModelPortal> {
  const llm = await startFakeLlm();
  const portal = await startTestPortal({ LLM_BASE_URL: llm.url, LLM_API_KEY: "sk-provider-key", ...env });
  return {
    ...portal,
    llm,
    async close() {
      await portal.close();
      await llm.close();
    },
  };
}
