// Reads our Dockerfiles and .dockerignore: for the test of their rules and for scripts/check-image.mjs, which takes their steps.
import { readFileSync } from "node:fs";
import { DockerfileParser } from "dockerfile-ast";

/**
 * @typedef {{ instruction: string, args: string[], flags: Record<string, string>, text: string }} Step one instruction; `text` is all after its name
 * @typedef {{ name: string | null, from: string, steps: Step[] }} Stage
 */

/** The words of an instruction: those of its JSON array, or those between spaces. */
function wordsOf(instruction) {
  const text = (instruction.getRawArgumentsContent() ?? "").replace(/^CMD\s+(?=\[)/, "");
  return text.startsWith("[") ? JSON.parse(text) : text.split(/[\s\\]+/).filter(Boolean);
}

/**
 * The stages of a Dockerfile with their steps in order.
 * @param {string} path
 * @returns {Stage[]}
 */
export function readDockerfile(path) {
  const stages = [];
  for (const instruction of DockerfileParser.parse(readFileSync(path, "utf8")).getInstructions()) {
    const name = instruction.getKeyword();
    const text = instruction.getRawArgumentsContent() ?? "";
    if (name === "FROM") {
      const [from, , as] = text.split(/\s+/);
      stages.push({ name: as ?? null, from, steps: [] });
      continue;
    }
    const flags = Object.fromEntries((instruction.getFlags?.() ?? []).map((flag) => [flag.getName(), flag.getValue()]));
    stages.at(-1).steps.push({ instruction: name, args: wordsOf(instruction), flags, text });
  }
  return stages;
}

/** A pattern of .dockerignore as a regular expression of paths from the context's root. */
function patternOf(glob) {
  const body = glob
    .split("/")
    .map((part) =>
      part === "**"
        ? "§"
        : part
            .replace(/[.+^${}()|[\]\\]/g, "\\$&")
            .replaceAll("*", "[^/]*")
            .replaceAll("?", "[^/]"),
    )
    .join("/")
    .replaceAll("§/", "(?:.*/)?")
    .replaceAll("§", ".*");
  return new RegExp(`^${body}(?:/.*)?$`);
}

/**
 * Which paths a .dockerignore keeps out of the context: the last pattern that fits says so.
 * https://docs.docker.com/build/concepts/context/#dockerignore-files
 * @param {string} path of the .dockerignore
 * @returns {(path: string) => boolean}
 */
export function readIgnore(path) {
  const rules = readFileSync(path, "utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => ({ keeps: line.startsWith("!"), pattern: patternOf(line.replace(/^!/, "").replace(/\/$/, "")) }));
  return (file) => rules.reduce((out, { keeps, pattern }) => (pattern.test(file) ? !keeps : out), false);
}
