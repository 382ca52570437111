import type { Operation } from "./operation.ts";

export const organizationOperations: Operation[] = [];
