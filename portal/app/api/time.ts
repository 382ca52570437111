import { z } from "zod";

/** A moment in an answer. */
export const time = z.iso.datetime({ offset: true });

/** A moment as the database writes it ("2026-11-25 22:47:18.08+00", or with a T) as RFC 3339 in UTC. */
export const moment = (stored: string): string => new Date(stored.replace(/([+-]\d\d)$/, "$1:00").replace(" ", "T")).toISOString();
