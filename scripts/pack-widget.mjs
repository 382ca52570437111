// Puts the built widget together for those who serve it themselves: `node scripts/pack-widget.mjs <folder> [<version>]` copies widget/dist there, with
// integrity.json: for each file its digest as the attribute `integrity` takes it (https://www.w3.org/TR/sri-2/), and snippet.html. With
// --package <name> it is a package for npm as well.
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { at, stop } from "./project.mjs";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { package: { type: "string" } } });
const [folder, version = JSON.parse(readFileSync(at("portal/package.json"), "utf8")).version] = positionals;
const dist = process.env.WIDGET_DIST || at("widget/dist");
if (!folder) stop("Usage: node scripts/pack-widget.mjs <folder> [<version>] [--package <name>]", 64);

const output = resolve(folder);
mkdirSync(output, { recursive: true });
cpSync(dist, output, { recursive: true, filter: (path) => !path.endsWith(".map") });
const files = readdirSync(output, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".js"))
  .map((entry) => join(entry.parentPath, entry.name))
  .sort();
const integrity = Object.fromEntries(
  files.map((file) => [
    relative(output, file).replaceAll("\\", "/"),
    `sha384-${createHash("sha384").update(readFileSync(file)).digest("base64")}`,
  ]),
);
if (!integrity["widget.js"]) stop(`There is no widget.js in ${dist}: npm run build comes first.`);
writeFileSync(join(output, "integrity.json"), `${JSON.stringify({ version, files: integrity }, null, 2)}\n`);
const snippet = `<script src="https://portal.example.com/widget.js" integrity="${integrity["widget.js"]}" crossorigin="anonymous" async></script>
<gpt-agent agent-id="your-agent-id"></gpt-agent>
`;
writeFileSync(join(output, "snippet.html"), snippet);
if (values.package) {
  const { license } = JSON.parse(readFileSync(at("package.json"), "utf8"));
  const description = "The <gpt-agent> element: script files to serve from your own host.";
  writeFileSync(
    join(output, "package.json"),
    `${JSON.stringify({ name: values.package, version, description, license, files: ["."] }, null, 2)}\n`,
  );
  cpSync(at("LICENSE"), join(output, "LICENSE"));
}
console.log(snippet);
