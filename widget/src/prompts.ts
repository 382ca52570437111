/** The `prompts` attribute: a JSON array of texts, or texts with bars between them. Null when there is no attribute. */
export function parsePrompts(attribute: string | null): string[] | null {
  if (attribute === null) return null;
  try {
    const parsed: unknown = JSON.parse(attribute);
    if (Array.isArray(parsed)) return parsed.filter((prompt) => typeof prompt === "string");
  } catch {
    // Not JSON: plain texts.
  }
  return attribute
    .split("|")
    .map((prompt) => prompt.trim())
    .filter(Boolean);
}
