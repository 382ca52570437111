import type { CrmField } from "@gpt-agent/core/crm/crm";
import type { OurField } from "@gpt-agent/core/crm/crm-settings";

/** The kinds of a CRM's field that a field of ours can be written to; everything else of ours is text. */
const FITS: Partial<Record<OurField, CrmField["type"][]>> = {
  email: ["email", "text"],
  phone: ["phone", "text"],
  first_seen_at: ["date", "text"],
};

export type Misfit = "unknown" | "readOnly" | "type";

/**
 * Why a line of the field map cannot work, or null. A field that the CRM did not name may be there all the same (it was typed by hand);
 * the editor says so and lets it stand.
 */
export function misfit(
  line: { ours: OurField | null; theirs: string; direction: "out" | "in" | "both" },
  fields: Pick<CrmField, "key" | "type" | "writable">[],
): Misfit | null {
  const theirs = fields.find(({ key }) => key === line.theirs);
  if (!theirs) return fields.length && line.theirs ? "unknown" : null;
  if (line.direction === "in" || line.ours === null) return null;
  if (!theirs.writable) return "readOnly";
  return (FITS[line.ours] ?? ["text"]).includes(theirs.type) ? null : "type";
}
