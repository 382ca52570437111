/** Programs that sign an identity token with a shared secret, in the languages of most shops; nothing but what each comes with. */
export const SAMPLE_LANGUAGES = ["Node.js", "Python", "PHP"] as const;
export type SampleLanguage = (typeof SAMPLE_LANGUAGES)[number];

export const signingSample = (language: SampleLanguage, publicId: string): string => SAMPLES[language].replaceAll("YOUR_AGENT", publicId);

const SAMPLES: Record<SampleLanguage, string> = {
  "Node.js": `import { createHmac } from "node:crypto";

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

export function agentToken(user) {
  const claims = { sub: String(user.id), aud: "YOUR_AGENT", exp: Math.floor(Date.now() / 1000) + 600, email: user.email, name: user.name };
  const signed = \`\${part({ alg: "HS256", typ: "JWT" })}.\${part(claims)}\`;
  return \`\${signed}.\${createHmac("sha256", process.env.AGENT_IDENTITY_SECRET).update(signed).digest("base64url")}\`;
}
`,
  Python: `import base64, hashlib, hmac, json, os, time

def part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

def agent_token(user) -> str:
    claims = {"sub": str(user["id"]), "aud": "YOUR_AGENT", "exp": int(time.time()) + 600, "email": user["email"], "name": user["name"]}
    signed = ".".join(part(json.dumps(value).encode()) for value in ({"alg": "HS256", "typ": "JWT"}, claims))
    signature = hmac.new(os.environ["AGENT_IDENTITY_SECRET"].encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{part(signature)}"
`,
  PHP: `<?php
function part(string $data): string {
    return rtrim(strtr(base64_encode($data), '+/', '-_'), '=');
}

function agent_token(array $user): string {
    $claims = ['sub' => (string) $user['id'], 'aud' => 'YOUR_AGENT', 'exp' => time() + 600, 'email' => $user['email'], 'name' => $user['name']];
    $signed = part(json_encode(['alg' => 'HS256', 'typ' => 'JWT'])) . '.' . part(json_encode($claims));
    return $signed . '.' . part(hash_hmac('sha256', $signed, getenv('AGENT_IDENTITY_SECRET'), true));
}
`,
};

/** What the page holds. */
export const pageSample = (publicId: string, script: string): string => `<script src="${script}" async></script>
<gpt-agent agent-id="${publicId}" user-token-url="/agent-token"></gpt-agent>
`;
