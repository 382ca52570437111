import type { CodeSample } from "./operation.ts";

const CURL = `curl "$PORTAL_URL/v1/chat/completions" \\
  -H "Authorization: Bearer $GAP_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "agent:demo", "messages": [{"role": "user", "content": "How long does delivery take?"}]}'`;

const TYPESCRIPT = `import { env, stdout } from "node:process";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: \`\${env.PORTAL_URL}/v1\`, apiKey: env.GAP_KEY });
const stream = await client.chat.completions.create({
  model: "agent:demo",
  messages: [{ role: "user", content: "How long does delivery take?" }],
  stream: true,
});
for await (const chunk of stream) stdout.write(chunk.choices[0]?.delta.content ?? "");`;

const PYTHON = `import os
from openai import OpenAI

client = OpenAI(base_url=os.environ["PORTAL_URL"] + "/v1", api_key=os.environ["GAP_KEY"])
stream = client.chat.completions.create(
    model="agent:demo",
    messages=[{"role": "user", "content": "How long does delivery take?"}],
    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="")`;

/** With OpenAI's own clients, as most people will call it. */
export const COMPLETION_SAMPLES: CodeSample[] = [
  { lang: "Shell", label: "curl", source: CURL },
  { lang: "TypeScript", label: "TypeScript", source: TYPESCRIPT },
  { lang: "Python", label: "Python", source: PYTHON },
];
