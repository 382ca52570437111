import { type FakeLlm, startFakeLlm } from "../../../e2e/fakes/llm.ts";
import { startTestPortal, type TestPortal } from "./test-portal.ts";

/** A portal whose answers come from a scripted model. */
export type ModelPortal = TestPortal & {
  llm: FakeLlm;
  /**
   * What answers failed with, as the log was told, oldest first: models fail here on purpose. Everything else is printed, and all of it
   * where a test sets LOG_LEVEL and reads the log itself.
   */
  failures: unknown[];
};

/**
 * A portal (startTestPortal) that asks a scripted model and has its provider's key. Closing it ends the model too.
 * @param env added to the environment the portal reads
 */
export async function startModelPortal(env: Record<string, string> = {}): Promise<ModelPortal> {
  const llm = await startFakeLlm();
  const portal = await startTestPortal({ LLM_BASE_URL: llm.url, LLM_API_KEY: "sk-provider-key", ...env });
  const failures: unknown[] = [];
  const { log } = portal.services;
  const print = log.error;
  if (!env.LOG_LEVEL)
    log.error = (message, fields) => (message === "an answer failed" ? void failures.push(fields?.error) : print(message, fields));
  return {
    ...portal,
    llm,
    failures,
    async close() {
      await portal.close();
      await llm.close();
    },
  };
}
