import { CrmMark, useCrmName } from "~/components/crm/crm-mark";
import { Badge } from "~/components/page";
import type { Receipt } from "~/models/receipt";

/** Which fields the model was told of the visitor, by the CRM that they are in. */
export function VisitorFacts({ facts }: { facts: Receipt["visitorFacts"] }) {
  const nameOf = useCrmName();
  const crms = [...new Set(facts.map(({ crm, cloud }) => `${crm}.${cloud}`))].map((id) =>
    facts.filter(({ crm, cloud }) => `${crm}.${cloud}` === id),
  );
  return (
    <ul className="space-y-3">
      {crms.map((fields) => {
        const { crm, cloud } = fields[0]!;
        return (
          <li key={`${crm}.${cloud}`} className="flex flex-wrap items-center gap-2">
            <CrmMark crm={crm} cloud={cloud} className="size-6" />
            <span className="mr-1 font-medium">{nameOf(crm, cloud)}</span>
            {[...new Set(fields.map(({ label }) => label))].map((label) => (
              <Badge key={label} tone="neutral">
                <span dir="auto" className="wrap-anywhere">
                  {label}
                </span>
              </Badge>
            ))}
          </li>
        );
      })}
    </ul>
  );
}
