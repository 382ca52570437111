import { expect } from "vitest";
import type { FakeCrm } from "../../e2e/fakes/crm/fake-crm.ts";
import { createSafeFetch } from "../safe-fetch.ts";
import type { Crm, CrmCall, CrmRequest } from "./crm.ts";
import { CrmError } from "./crm-error.ts";
import { crmCall } from "./crm-http.ts";

/** The way to a fake's account with a grant that is taken and never renewed; `asked` holds what was sent, first to last. */
export function recordedCall(crm: Crm, fake: FakeCrm): { call: CrmCall; asked: CrmRequest[] } {
  const grant = fake.grant();
  const asked: CrmRequest[] = [];
  const inner = crmCall(crm, createSafeFetch({ allow: [fake.url] }), {
    signal: new AbortController().signal,
    grant: async () => grant,
    renew: () => Promise.reject(new CrmError("unauthorized", "")),
    admit: async () => {},
    slowDown: async () => {},
  });
  const call: CrmCall = (request) => {
    asked.push(request);
    return inner(request);
  };
  return { call, asked };
}

/** What a call was refused with; one that goes through fails the test. */
export const refusal = (promise: Promise<unknown>): Promise<CrmError> =>
  promise.then(
    () => expect.fail("It was not refused"),
    (error) => error as CrmError,
  );
