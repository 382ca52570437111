import { ArrowUpRight } from "lucide-react";
import { textLink } from "~/components/auth-page";
import { harmlessUrl } from "~/components/conversation/markdown";
import { useText } from "~/i18n/text";
import type { Link } from "~/models/crm-sync.server";

/** A conversation's records in a CRM; those that the CRM gives no address for are only named. */
export function RecordLinks({ links }: { links: Link[] }) {
  const words = useText().crm;
  if (links.length === 0) return null;
  return (
    <ul className="flex flex-wrap gap-x-3 gap-y-1">
      {links.map(({ object, url }) => {
        const safe = url && harmlessUrl(url);
        return (
          <li key={object}>
            {safe ? (
              <a
                href={safe}
                target="_blank"
                rel="noopener noreferrer nofollow"
                className={`${textLink} relative z-1 inline-flex items-center gap-0.5`}
              >
                {words.objects[object]}
                <ArrowUpRight aria-hidden className="size-3.5" />
              </a>
            ) : (
              <span className="text-muted">{words.objects[object]}</span>
            )}
          </li>
        );
      })}
    </ul>
  );
}
