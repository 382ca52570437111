import type { ServerBuild } from "@remix-run/node";

type Routes = Record<
  string,
  { id: string; parentId?: string | undefined; path?: string | undefined; index?: boolean | undefined } | undefined
>;
type Pattern = { id: string; path: string; test: RegExp; score: number };

/** A route: its pattern, and the id that Remix knows it by; null for files and what nothing serves. */
export type FoundRoute = { pattern: string; id: string | null };

/** What no route of ours serves, files included. */
export const UNMATCHED = "*";
const FOLDERS = ["/assets/", "/widget/"];

/**
 * The path of an address as Remix reads it: "." and ".." are steps of it, and data of a page is asked for under its address and
 * ".data" (single fetch).
 */
export const remixPath = ({ pathname }: URL): string => pathname.replace(/(?:\/_root)?\.data$/, "") || "/";

/**
 * Finds the route that serves a path (remixPath): "/orgs/:orgSlug/agents" is the pattern of /orgs/acme/agents. Remix's own matching prepares all
 * routes anew for each call; here they are prepared once.
 */
export function routeFinder(routes: ServerBuild["routes"]): (path: string) => FoundRoute {
  const patterns = Object.keys(routes)
    .map((id) => patternOf(id, routes as Routes))
    .sort((a, b) => b.score - a.score);
  return (path) => {
    const folder = FOLDERS.find((each) => path.startsWith(each));
    if (folder) return { pattern: `${folder}*`, id: null };
    const found = patterns.find(({ test }) => test.test(path));
    return { pattern: found?.path ?? UNMATCHED, id: found?.id ?? null };
  };
}

function patternOf(id: string, routes: Routes): Pattern {
  const parts: string[] = [];
  for (let route = routes[id]; route; route = route.parentId === undefined ? undefined : routes[route.parentId]) {
    if (route.path) parts.unshift(route.path);
  }
  const segments = parts.join("/").split("/").filter(Boolean);
  const source = segments.map((segment) =>
    segment === "*" ? "(?:/.*)?" : segment.startsWith(":") ? "/[^/]+" : `/${segment.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`,
  );
  return {
    id,
    path: segments.at(-1) === "*" && segments.length === 1 ? UNMATCHED : `/${segments.join("/")}`,
    test: new RegExp(`^${source.join("")}/?$`, "i"),
    score: scoreOf(segments, routes[id]?.index ?? false),
  };
}

/** As React Router ranks routes (computeScore): what is written out goes before parameters, those before the rest. */
function scoreOf(segments: string[], isIndex: boolean): number {
  const splat = segments.includes("*");
  const named = segments.filter((segment) => segment !== "*");
  return named.reduce((sum, segment) => sum + (segment.startsWith(":") ? 3 : 10), segments.length + (splat ? -2 : 0) + (isIndex ? 2 : 0));
}
