import type { CrmCloud, CrmId } from "@gpt-agent/core/crm/crm";
import { classNames } from "~/components/class-names";
import { useLocale } from "~/i18n/text";

const NAMES: Record<CrmId, string> = {
  hubspot: "HubSpot",
  salesforce: "Salesforce",
  pipedrive: "Pipedrive",
  amocrm: "amoCRM",
  bitrix24: "Bitrix24",
};

/** What a CRM is called: amoCRM's international cloud is Kommo; Bitrix24 writes itself in Cyrillic in Russian. Unknown ones by their id. */
export function useCrmName(): (crm: string, cloud?: CrmCloud | string) => string {
  const locale = useLocale();
  return (crm, cloud) => {
    if (crm === "amocrm" && cloud === "global") return "Kommo";
    if (crm === "bitrix24" && locale === "ru") return "Битрикс24";
    return (NAMES as Record<string, string>)[crm] ?? crm;
  };
}

const LETTERS: Record<string, string> = {
  hubspot: "H",
  salesforce: "S",
  pipedrive: "P",
  "amocrm.ru": "a",
  "amocrm.global": "K",
  bitrix24: "B",
};

/** A sign for a CRM, drawn by us: a card of a card index with its first letter. Nobody's logo. */
export function CrmMark({ crm, cloud, className }: { crm: string; cloud?: string | undefined; className?: string }) {
  const letter = LETTERS[crm] ?? LETTERS[`${crm}.${cloud ?? "ru"}`] ?? "·";
  return (
    <svg aria-hidden="true" viewBox="0 0 36 36" className={classNames("shrink-0", className ?? "size-9")} fill="none">
      <rect x="0.75" y="0.75" width="34.5" height="34.5" rx="9" className="fill-accent-soft stroke-line" strokeWidth="1.5" />
      <path
        d="M8 11.5a2 2 0 0 1 2-2h5l2 2.5h9a2 2 0 0 1 2 2v11a2 2 0 0 1-2 2H10a2 2 0 0 1-2-2z"
        className="fill-surface stroke-accent-ink"
        strokeWidth="1.25"
      />
      <text x="18" y="23.6" textAnchor="middle" className="fill-accent-ink font-sans" fontSize="10" fontWeight="600">
        {letter}
      </text>
    </svg>
  );
}
