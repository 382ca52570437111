import type { Operation } from "./operation.ts";

export const agentOperations: Operation[] = [];
