import { bodiesOf, type CodeSample, type Operation } from "./operation.ts";

type Call = { method: string; path: string; headers: [string, string][]; body: string | null; file: boolean; streams: boolean };

/** The call that an operation's example makes, with names that readers replace in the path. */
function callOf(operation: Operation): Call {
  const { access, parameters = [] } = operation;
  const [body] = bodiesOf(operation);
  const token = access.apiKey ? "GAP_KEY" : access.visitor ? "VISITOR_TOKEN" : null;
  const path = operation.path
    .replace("{agentId}", "demo")
    .replace(/\{(\w+)\}/g, (_, name: string) => name.replace(/Id$/, "-id").toLowerCase());
  const query = parameters.flatMap((parameter) =>
    parameter.in === "query" && parameter.example !== undefined ? [`${parameter.name}=${encodeURIComponent(parameter.example)}`] : [],
  );
  const headers: [string, string][] = token ? [["Authorization", `Bearer $${token}`]] : [];
  if (body?.kind === "json") headers.push(["Content-Type", "application/json"]);
  if (body?.kind === "bytes") headers.push(["Content-Type", "application/pdf"]);
  return {
    method: operation.method.toUpperCase(),
    path: query.length > 0 ? `${path}?${query.join("&")}` : path,
    headers,
    body: body?.kind === "json" ? JSON.stringify(body.example ?? {}) : null,
    file: body?.kind === "bytes",
    streams: Object.values(operation.answers).some(({ content }) => content?.some(({ kind }) => kind === "events")),
  };
}

function curl({ method, path, headers, body, file, streams }: Call): string {
  const lines = [`curl ${streams ? "-N " : ""}${method === "GET" || body || file ? "" : `-X ${method} `}"$PORTAL_URL${path}"`];
  for (const [name, value] of headers) lines.push(`  -H "${name}: ${value}"`);
  if (body) lines.push(`  -d '${body.replaceAll("'", "'\\''")}'`);
  if (file) lines.push("  --data-binary @handbook.pdf");
  return lines.join(" \\\n");
}

function typescript({ method, path, headers, body, file, streams }: Call): string {
  const fields = [
    ...(method === "GET" ? [] : [`method: "${method}"`]),
    ...(headers.length > 0
      ? [
          `headers: { ${headers.map(([name, value]) => `"${name}": ${value.startsWith("Bearer $") ? `\`Bearer \${env.${value.slice(8)}}\`` : `"${value}"`}`).join(", ")} }`,
        ]
      : []),
    ...(body ? [`body: JSON.stringify(${body})`] : []),
    ...(file ? ['body: await readFile("handbook.pdf")'] : []),
  ];
  const init = fields.length > 0 ? `, {\n  ${fields.join(",\n  ")},\n}` : "";
  const read = streams
    ? "for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) stdout.write(piece);"
    : "console.log(response.status, await response.text());";
  const readFile = file ? 'import { readFile } from "node:fs/promises";\n' : "";
  return `${readFile}import { env${streams ? ", stdout" : ""} } from "node:process";\n\nconst response = await fetch(\`\${env.PORTAL_URL}${path}\`${init});\n${read}`;
}

/** JSON as Python writes it. */
const pythonLiteral = (json: string): string =>
  json.replace(
    /"(?:[^"\\]|\\.)*"|\btrue\b|\bfalse\b|\bnull\b/g,
    (token) => ({ true: "True", false: "False", null: "None" })[token] ?? token,
  );

function python({ method, path, headers, body, file, streams }: Call): string {
  const fields = [
    ...headers
      .filter(([name]) => name !== "Content-Type" || file)
      .map(([name, value]) => `"${name}": ${value.startsWith("Bearer $") ? `"Bearer " + os.environ["${value.slice(8)}"]` : `"${value}"`}`),
  ];
  const extra = [
    ...(fields.length > 0 ? [`    headers={${fields.join(", ")}},`] : []),
    ...(body ? [`    json=${pythonLiteral(body)},`] : []),
    ...(file ? ['    data=open("handbook.pdf", "rb"),'] : []),
    ...(streams ? ["    stream=True,"] : []),
  ];
  const read = streams ? "for line in response.iter_lines():\n    print(line.decode())" : "print(response.status_code, response.text)";
  return `import os\nimport requests\n\nresponse = requests.${method.toLowerCase()}(\n    os.environ["PORTAL_URL"] + "${path}",\n${extra.join("\n")}${extra.length > 0 ? "\n" : ""})\n${read}`;
}

/** An operation called from a shell, from TypeScript and from Python. */
export function samplesOf(operation: Operation): CodeSample[] {
  if (operation.samples) return operation.samples;
  const call = callOf(operation);
  return [
    { lang: "Shell", label: "curl", source: curl(call) },
    { lang: "TypeScript", label: "TypeScript", source: typescript(call) },
    { lang: "Python", label: "Python", source: python(call) },
  ];
}
