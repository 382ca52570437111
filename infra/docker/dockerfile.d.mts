export type Step = { instruction: string; args: string[]; flags: Record<string, string>; text: string };
export type Stage = { name: string | null; from: string; steps: Step[] };
export function readDockerfile(path: string): Stage[];
export function readIgnore(path: string): (path: string) => boolean;
