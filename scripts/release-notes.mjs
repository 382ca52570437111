// `node scripts/release-notes.mjs v1.2.3`: prints what CHANGELOG.md says of a version. Ends with 1 when it says nothing, or the packages have another version.
import { readFileSync } from "node:fs";
import { at, stop } from "./project.mjs";

const version = process.argv[2]?.replace(/^v/, "");
if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version ?? "")) stop("Usage: node scripts/release-notes.mjs v1.2.3", 64);
const packaged = JSON.parse(readFileSync(at("portal/package.json"), "utf8")).version;
if (packaged !== version) stop(`The tag says ${version}, portal/package.json says ${packaged}.`);
const sections = readFileSync(at("CHANGELOG.md"), "utf8").split(/^## /m);
const section = sections.find((text) => text.startsWith(`${version} `) || text.startsWith(`${version}\n`));
const notes = section?.slice(section.indexOf("\n")).trim();
if (!notes) stop(`CHANGELOG.md has nothing to say of ${version}.`);
console.log(notes);
