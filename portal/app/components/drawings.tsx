import type { ReactNode } from "react";

const Drawing = ({ children }: { children: ReactNode }) => (
  <svg
    aria-hidden="true"
    width="132"
    height="96"
    viewBox="0 0 132 96"
    fill="none"
    stroke="currentColor"
    strokeWidth="1.5"
    strokeLinecap="round"
    strokeLinejoin="round"
  >
    {children}
  </svg>
);
const ground = "stroke-line-strong";
const paper = "fill-surface stroke-line-strong";

export const DocumentsDrawing = () => (
  <Drawing>
    <path className={ground} d="M14 86h104" />
    <rect className={paper} x="24" y="22" width="44" height="58" rx="5" transform="rotate(-7 46 51)" />
    <rect className={paper} x="62" y="20" width="46" height="60" rx="5" transform="rotate(5 85 50)" />
    <rect className="fill-surface" x="43" y="14" width="48" height="64" rx="6" />
    <path d="M53 28h20M53 37h28M53 46h28" className="stroke-line-strong" />
    <path d="M53 57h18" strokeWidth="5" className="stroke-accent-soft" />
    <path d="M53 57h18M53 66h24" />
  </Drawing>
);

export const AgentDrawing = () => (
  <Drawing>
    <path className={ground} d="M14 86h104" />
    <rect className="fill-surface" x="34" y="26" width="64" height="50" rx="14" />
    <path d="M66 26V15" />
    <circle cx="66" cy="11" r="4" className="fill-accent-soft" />
    <circle cx="54" cy="48" r="3.5" className="fill-current" stroke="none" />
    <circle cx="78" cy="48" r="3.5" className="fill-current" stroke="none" />
    <path d="M56 61c6 5 14 5 20 0" />
    <path className={ground} d="M26 44v16M106 44v16" />
  </Drawing>
);

export const ConversationDrawing = () => (
  <Drawing>
    <path className={ground} d="M14 86h104" />
    <path className={paper} d="M22 24a8 8 0 0 1 8-8h42a8 8 0 0 1 8 8v18a8 8 0 0 1-8 8H42L30 60V50a8 8 0 0 1-8-8z" />
    <path className="stroke-line-strong" d="M34 28h32M34 38h20" />
    <path className="fill-surface" d="M56 46a8 8 0 0 1 8-8h40a8 8 0 0 1 8 8v16a8 8 0 0 1-8 8v10L92 70H64a8 8 0 0 1-8-8z" />
    <path d="M67 50h34M67 59h18" />
    <circle cx="94" cy="59" r="4.5" className="fill-accent-soft" />
  </Drawing>
);

export const KeyDrawing = () => (
  <Drawing>
    <path className={ground} d="M14 86h104" />
    <circle className="fill-surface" cx="48" cy="48" r="20" />
    <circle cx="42" cy="48" r="5" className="fill-accent-soft" />
    <path d="M68 48h42v12M98 48v8M88 48v6" />
  </Drawing>
);

export const WebhookDrawing = () => (
  <Drawing>
    <path className={ground} d="M14 86h104" />
    <rect className="fill-surface" x="20" y="32" width="36" height="36" rx="10" />
    <circle cx="38" cy="50" r="5" className="fill-accent-soft" />
    <path d="M60 44c10-10 18-10 26 0M60 56c10 10 18 10 26 0" className="stroke-line-strong" />
    <path d="M60 50h24M78 44l6 6-6 6" />
    <rect className={paper} x="90" y="26" width="26" height="14" rx="4" />
    <rect className={paper} x="90" y="44" width="26" height="14" rx="4" />
    <rect className={paper} x="90" y="62" width="26" height="14" rx="4" />
  </Drawing>
);

export const LeadDrawing = () => (
  <Drawing>
    <path className={ground} d="M14 86h104" />
    <rect className={paper} x="26" y="20" width="70" height="48" rx="7" transform="rotate(-5 61 44)" />
    <rect className="fill-surface" x="34" y="26" width="72" height="50" rx="7" />
    <circle cx="52" cy="45" r="7" className="fill-accent-soft" />
    <path d="M42 66c1.5-8 18.5-8 20 0" />
    <path d="M72 42h24M72 51h18M72 60h21" className="stroke-line-strong" />
  </Drawing>
);

export const LostDrawing = () => (
  <Drawing>
    <path className={ground} d="M14 86h104" />
    <rect className="fill-surface" x="34" y="18" width="64" height="60" rx="8" />
    <path className="stroke-line-strong" d="M34 34h64" />
    <circle cx="43" cy="26" r="1.5" />
    <circle cx="50" cy="26" r="1.5" />
    <path d="M56 50l8 8M64 50l-8 8M72 50l8 8M80 50l-8 8" />
    <path d="M58 68c5-3 15-3 20 0" />
  </Drawing>
);

export const UsageDrawing = () => (
  <Drawing>
    <path className={ground} d="M14 86h104" />
    <rect className="fill-surface" x="28" y="52" width="16" height="34" rx="3" />
    <rect className="fill-accent-soft" x="58" y="30" width="16" height="56" rx="3" />
    <rect className="fill-surface" x="88" y="42" width="16" height="44" rx="3" />
    <path d="m28 36 38-20 38 14" className="stroke-line-strong" strokeDasharray="3 4" />
  </Drawing>
);

export const LimitDrawing = () => (
  <Drawing>
    <path className={ground} d="M14 86h104" />
    <path className="fill-surface" d="M26 78a40 40 0 1 1 80 0z" />
    <path className="stroke-line-strong" d="M38 72a28 28 0 0 1 56 0" />
    <path className="stroke-accent-soft" strokeWidth="6" d="M82 49a28 28 0 0 1 12 23" />
    <path d="M66 76 84 52" />
    <circle cx="66" cy="76" r="4" className="fill-accent-soft" />
  </Drawing>
);

export const ActionDrawing = () => (
  <Drawing>
    <path className={ground} d="M14 86h104" />
    <rect className="fill-surface" x="20" y="30" width="42" height="36" rx="9" />
    <circle cx="34" cy="46" r="2.5" className="fill-current" stroke="none" />
    <circle cx="48" cy="46" r="2.5" className="fill-current" stroke="none" />
    <path d="M36 55c3 2.5 7 2.5 10 0" />
    <rect className={paper} x="86" y="22" width="30" height="52" rx="5" />
    <path className="stroke-line-strong" d="M86 39h30M86 57h30" />
    <circle cx="93" cy="30.5" r="2" className="fill-accent-soft" />
    <circle cx="93" cy="48" r="2" className="fill-accent-soft" />
    <circle cx="93" cy="65.5" r="2" className="fill-accent-soft" />
    <path d="M66 42h14M76 38l4 4-4 4M80 55H66M70 51l-4 4 4 4" />
  </Drawing>
);

export const CrmDrawing = () => (
  <Drawing>
    <path className={ground} d="M14 86h104" />
    <path className={paper} d="M18 30a7 7 0 0 1 7-7h26a7 7 0 0 1 7 7v14a7 7 0 0 1-7 7H37l-9 8v-8h-3a7 7 0 0 1-7-7z" />
    <path className="stroke-line-strong" d="M28 33h20M28 41h12" />
    <path d="M62 46h10M68 42l4 4-4 4" />
    <rect className={paper} x="82" y="22" width="36" height="46" rx="5" />
    <rect className="fill-surface" x="76" y="30" width="36" height="46" rx="5" />
    <circle cx="94" cy="45" r="6" className="fill-accent-soft" />
    <path d="M83 64c3-6 19-6 22 0" />
  </Drawing>
);
