import { useOutletContext } from "@remix-run/react";
import type { Connection } from "~/models/connection.server";
import type { SyncNumbers } from "~/models/crm-sync.server";

export type ConnectionFrame = {
  connection: Connection;
  numbers: SyncNumbers;
  /** What this CRM can do. */
  can: { tags: boolean; webhooks: boolean; empties: boolean };
  /** Asks the connection's frame to do something. */
  act: (fields: Record<string, string>) => void;
  acting: { busy: boolean; error: string | null };
  /** Opens the form of signing in anew. */
  again: () => void;
};

/** What the frame of a connection hands to the pages inside. */
export const useConnection = () => useOutletContext<ConnectionFrame>();
