import { keepOpen, type Notices, type NoticesOptions } from "@gpt-agent/core/notices/notices";

/**
 * Listens to the embedded backend, whose database is in its process (supabase/embedded/notices.ts).
 * @param url the backend's address for notices
 * @param secretKey Supabase's secret key
 */
export function backendNotices(url: string, secretKey: string, options: NoticesOptions): Notices {
  return keepOpen(async (signal, stands) => {
    const { status, body } = await fetch(url, { headers: { apikey: secretKey }, signal });
    if (status !== 200 || !body) throw new Error(`The backend answered ${status}`);
    stands();
    const decoder = new TextDecoder();
    // Comment lines in between show that the line stands.
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>)
      if (decoder.decode(chunk, { stream: true }).includes("data:")) options.heard();
  }, options);
}
