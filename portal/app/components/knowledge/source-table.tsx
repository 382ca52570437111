import { Link } from "@remix-run/react";
import { Eye, FileText, MoreHorizontal, RotateCw, Trash2 } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useFormats, useText } from "~/i18n/text";
import type { Source } from "~/models/source.server";
import { IconButton } from "../button";
import { menuItem, menuItemDanger, menuPanel } from "../menu";
import { Card } from "../page";
import { Ago } from "../time";
import { SourceState } from "./source-state";

type Actions = { mayChange: boolean; onReread: (source: Source) => void; onDelete: (source: Source) => void };

/** An agent's documents with their states. */
export function SourceTable({ sources, ...actions }: { sources: Source[] } & Actions) {
  const t = useText();
  return (
    <Card className="overflow-clip">
      <table className="w-full">
        <thead className="sticky top-13 z-10 bg-surface text-left text-sm text-muted md:top-0">
          <tr className="border-b border-line">
            <th className="px-4 py-2.5 font-medium">{t.knowledge.document}</th>
            <th className="hidden w-px px-4 py-2.5 font-medium sm:table-cell">{t.knowledge.state}</th>
            <th className="hidden w-px px-4 py-2.5 text-right font-medium whitespace-nowrap lg:table-cell">{t.knowledge.size}</th>
            <th className="hidden w-px px-4 py-2.5 font-medium whitespace-nowrap lg:table-cell">{t.knowledge.added}</th>
            <th className="w-px px-2 py-2.5">
              <span className="sr-only">{t.common.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {sources.map((source) => (
            <SourceRow key={source.id} source={source} {...actions} />
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function SourceRow({ source, mayChange, onReread, onDelete }: { source: Source } & Actions) {
  const t = useText();
  const { size } = useFormats();
  const settled = source.status === "ready" || source.status === "failed";
  const facts = [
    source.pages ? t.knowledge.pages(source.pages) : null,
    source.characters ? t.knowledge.characters(source.characters) : null,
    source.chunks ? t.knowledge.passages(source.chunks) : null,
  ].filter((fact) => fact !== null);
  return (
    <tr className="transition-colors hover:bg-hover/60">
      <td className="max-w-0 px-4 py-3">
        <div className="flex items-start gap-3">
          <FileText aria-hidden className="mt-0.5 size-4.5 shrink-0 text-muted" />
          <div className="min-w-0 flex-1">
            <p className="truncate font-medium" title={source.title}>
              {source.chunks ? (
                <Link to={source.id} prefetch="intent" className="rounded-sm hover:underline" dir="auto">
                  {source.title}
                </Link>
              ) : (
                <span dir="auto">{source.title}</span>
              )}
            </p>
            {source.failure && source.status === "failed" ? (
              <p className="mt-0.5 text-sm text-danger-ink">{t.failures[source.failure]}</p>
            ) : (
              facts.length > 0 && <p className="mt-0.5 text-sm text-muted">{facts.join(" · ")}</p>
            )}
            <div className="mt-1.5 flex flex-wrap items-center gap-2 sm:hidden">
              <SourceState source={source} />
              <span className="text-sm text-muted">{size(source.bytes)}</span>
            </div>
          </div>
        </div>
      </td>
      <td className="hidden px-4 py-3 whitespace-nowrap sm:table-cell" aria-live="polite">
        <SourceState source={source} />
      </td>
      <td className="hidden px-4 py-3 text-right whitespace-nowrap text-muted lg:table-cell">{size(source.bytes)}</td>
      <td className="hidden px-4 py-3 whitespace-nowrap text-muted lg:table-cell">
        <Ago at={source.created_at} />
      </td>
      <td className="px-2 py-2 text-right">
        <DropdownMenu.Root modal={false}>
          <DropdownMenu.Trigger asChild>
            <IconButton label={`${t.common.actions}: ${source.title}`}>
              <MoreHorizontal aria-hidden className="size-4" />
            </IconButton>
          </DropdownMenu.Trigger>
          <DropdownMenu.Portal>
            <DropdownMenu.Content align="end" sideOffset={4} className={menuPanel}>
              <DropdownMenu.Item asChild disabled={!source.chunks}>
                <Link to={source.id} className={menuItem}>
                  <Eye aria-hidden className="size-4 text-muted" />
                  {t.knowledge.preview}
                </Link>
              </DropdownMenu.Item>
              {mayChange && (
                <>
                  <DropdownMenu.Item className={menuItem} disabled={!settled} onSelect={() => onReread(source)}>
                    <RotateCw aria-hidden className="size-4 text-muted" />
                    {t.knowledge.readAgain}
                  </DropdownMenu.Item>
                  <DropdownMenu.Item className={menuItemDanger} onSelect={() => onDelete(source)}>
                    <Trash2 aria-hidden className="size-4" />
                    {t.common.delete}…
                  </DropdownMenu.Item>
                </>
              )}
            </DropdownMenu.Content>
          </DropdownMenu.Portal>
        </DropdownMenu.Root>
      </td>
    </tr>
  );
}
