import { CrmError } from "./crm-error.ts";

/**
 * The host of an account that lives at one label under one of a CRM's domains, as people paste it ("acme", "acme.amocrm.ru",
 * "https://acme.amocrm.ru/leads/"): what tokens and secrets may be sent to.
 * @param domains without a dot in front; a label alone belongs to the first
 * @throws CrmError("invalid") for anything else
 */
export function accountHost(given: string | null, domains: string[]): string {
  const text = (given ?? "")
    .trim()
    .toLowerCase()
    .replace(/^https:\/\//, "")
    .replace(/\/.*$/s, "");
  const host = text.includes(".") ? text : `${text}.${domains[0]}`;
  const label = domains.map((domain) => (host.endsWith(`.${domain}`) ? host.slice(0, -domain.length - 1) : "")).find(Boolean);
  if (!label || !/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(label) || label === "www")
    throw new CrmError("invalid", `This is no address of an account at ${domains[0]}`);
  return host;
}
