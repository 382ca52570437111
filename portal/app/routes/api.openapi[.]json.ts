import { apiRoute } from "~/http/api-route";
import { servedDocument } from "~/http/openapi/document";
import { log } from "~/services.server";

// The same for everybody, so anybody's tools may read it, from any page.
const route = apiRoute(log, {
  async GET({ request }) {
    const { text, etag } = servedDocument();
    const headers = {
      etag,
      "cache-control": "public, max-age=300",
      "access-control-allow-origin": "*",
      "x-content-type-options": "nosniff",
    };
    if (request.headers.get("if-none-match")?.includes(etag)) return new Response(null, { status: 304, headers });
    return new Response(text, { headers: { ...headers, "content-type": "application/json; charset=utf-8" } });
  },
});
export const loader = route;
export const action = route;
