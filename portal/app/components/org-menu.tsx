import { Link } from "@remix-run/react";
import { Check, ChevronsUpDown, Plus } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useText } from "~/i18n/text";
import type { Organization } from "~/models/organization.server";
import { menuItem, menuPanel } from "./menu";

const initials = (name: string) =>
  name
    .split(/[\s«»"“”]+/u)
    .filter(Boolean)
    .slice(0, 2)
    .map((word) => [...word][0]?.toUpperCase())
    .join("");

/** Shows the current organization and leads to the others. */
export function OrgMenu({ current, organizations }: { current: Organization; organizations: Organization[] }) {
  const t = useText();
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger
        aria-label={`${t.shell.switchOrg}: ${current.name}`}
        className="flex h-10 w-full min-w-0 items-center gap-2.5 rounded-md px-2 text-left font-semibold transition-colors hover:bg-hover data-[state=open]:bg-hover"
      >
        <span
          aria-hidden
          className="grid size-6.5 shrink-0 place-items-center rounded-md bg-accent text-[11px] font-semibold text-on-accent"
        >
          {initials(current.name)}
        </span>
        <span className="min-w-0 flex-1 truncate">{current.name}</span>
        <ChevronsUpDown aria-hidden className="size-4 shrink-0 text-muted" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align="start" sideOffset={6} className={menuPanel}>
          {organizations.map((org) => (
            <DropdownMenu.Item key={org.id} asChild>
              <Link to={`/orgs/${org.slug}/agents`} className={menuItem} aria-current={org.id === current.id || undefined}>
                <span className="min-w-0 flex-1 truncate">{org.name}</span>
                {org.id === current.id && <Check aria-hidden className="size-4 text-accent-ink" />}
              </Link>
            </DropdownMenu.Item>
          ))}
          <DropdownMenu.Separator className="my-1 h-px bg-line" />
          <DropdownMenu.Item asChild>
            <Link to="/orgs/new" className={menuItem}>
              <Plus aria-hidden className="size-4 text-muted" />
              {t.shell.newOrg}
            </Link>
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
