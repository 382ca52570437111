import type { CrmId } from "./crm.ts";
import type { FieldMapping, OurField } from "./crm-settings.ts";

const line = (ours: OurField, theirs: string, label: string): FieldMapping => ({
  object: "contact",
  ours,
  theirs,
  label,
  direction: "out",
  agentMayRead: false,
});

/** The fields by which a person is known and found again, by each CRM's own keys. */
const IDENTITY: Record<CrmId, FieldMapping[]> = {
  hubspot: [
    line("first_name", "firstname", "First name"),
    line("last_name", "lastname", "Last name"),
    line("email", "email", "Email"),
    line("phone", "phone", "Phone"),
  ],
  salesforce: [
    line("first_name", "FirstName", "First name"),
    line("last_name", "LastName", "Last name"),
    line("email", "Email", "Email"),
    line("phone", "Phone", "Phone"),
  ],
  pipedrive: [line("name", "name", "Name"), line("email", "email", "Email"), line("phone", "phone", "Phone")],
  amocrm: [line("name", "name", "Name"), line("email", "EMAIL", "Email"), line("phone", "PHONE", "Phone")],
  bitrix24: [
    line("first_name", "name", "First name"),
    line("last_name", "lastName", "Last name"),
    line("email", "EMAIL", "Email"),
    line("phone", "PHONE", "Phone"),
  ],
};

/** The field without which a CRM takes no new contact, or shows it as nobody. */
const NAME_KEY: Record<CrmId, string> = {
  hubspot: "firstname",
  salesforce: "LastName",
  pipedrive: "name",
  amocrm: "name",
  bitrix24: "name",
};

/** The lines that a new field map begins with: name, e-mail and phone, written to contacts. */
export const defaultFields = (crm: CrmId): FieldMapping[] => IDENTITY[crm].map((one) => ({ ...one }));

/** The key that must not stay empty in a new contact. */
export const nameKeyOf = (crm: CrmId): string => NAME_KEY[crm];
