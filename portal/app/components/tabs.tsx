import { NavLink } from "@remix-run/react";
import { useEffect, useRef } from "react";
import { classNames } from "./class-names";

/** Pages that belong together, as links in a row; on narrow screens the row scrolls and shows the current one. */
export function TabLinks({ label, tabs }: { label: string; tabs: { to: string; label: string; end?: boolean }[] }) {
  const row = useRef<HTMLElement>(null);
  useEffect(() => {
    row.current?.querySelector('[aria-current="page"]')?.scrollIntoView({ block: "nearest", inline: "center" });
  });
  return (
    <nav
      ref={row}
      aria-label={label}
      className="-mx-4 mb-6 flex [scrollbar-width:none] gap-1 overflow-x-auto border-b border-line px-4 md:mx-0 md:px-0"
    >
      {tabs.map((tab) => (
        <NavLink
          key={tab.to}
          to={tab.to}
          end={tab.end}
          prefetch="intent"
          preventScrollReset
          className={({ isActive }) =>
            classNames(
              "-mb-px shrink-0 border-b-2 px-3 py-2 font-medium transition-colors focus-visible:outline-offset-[-3px]",
              isActive ? "border-accent-ink text-ink" : "border-transparent text-muted hover:text-ink",
            )
          }
        >
          {tab.label}
        </NavLink>
      ))}
    </nav>
  );
}

/** Pages inside one tab, as links that look lighter than tabs do. */
export function SectionLinks({ label, sections }: { label: string; sections: { to: string; label: string; end?: boolean }[] }) {
  return (
    <nav aria-label={label} className="mb-5 flex flex-wrap gap-1">
      {sections.map((section) => (
        <NavLink
          key={section.to}
          to={section.to}
          end={section.end}
          prefetch="intent"
          preventScrollReset
          className={({ isActive }) =>
            classNames(
              "rounded-full px-3 py-1 text-sm font-medium transition-colors",
              isActive ? "bg-accent-soft text-accent-ink" : "text-muted hover:bg-hover hover:text-ink",
            )
          }
        >
          {section.label}
        </NavLink>
      ))}
    </nav>
  );
}
