/** The looks that every dropdown menu shares. */
export const menuPanel = "z-30 min-w-56 max-w-[calc(100vw-2rem)] animate-rise rounded-lg bg-raised p-1 shadow-float";
export const menuItem =
  "flex h-9 cursor-pointer items-center gap-2.5 rounded-md px-2.5 outline-none select-none data-[disabled]:cursor-default data-[disabled]:opacity-50 data-[highlighted]:bg-hover";
export const menuItemDanger = `${menuItem} text-danger-ink data-[highlighted]:bg-danger-soft`;
