// Makes mdbook/theme/highlight.js: highlight.js with the languages of this book only. What
// mdBook brings along is older, knows three dozen languages, and is half of a page's weight.

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const LANGUAGES = ["bash", "diff", "ini", "plaintext", "python", "rust", "shell"];

const ENTRY = `
import hljs from "highlight.js/lib/core";
${LANGUAGES.map((name) => `import ${name} from "highlight.js/lib/languages/${name}";`).join("\n")}
for (const [name, language] of Object.entries({ ${LANGUAGES.join(", ")} })) {
  hljs.registerLanguage(name, language);
}
// What session.js shows in a way of its own.
hljs.registerAliases("session", { languageName: "plaintext" });
// The name by which mdBook's script calls it is out of date.
hljs.highlightBlock = hljs.highlightElement;
globalThis.hljs = hljs;
`;

const LICENCE = new URL("node_modules/highlight.js/LICENSE", import.meta.url);

export const FILE = fileURLToPath(new URL("../../mdbook/theme/highlight.js", import.meta.url));

/** What the file has to be. */
export async function highlight() {
  const licence = (await readFile(LICENCE, "utf8")).trim();
  const { outputFiles } = await build({
    stdin: { contents: ENTRY, resolveDir: import.meta.dirname },
    bundle: true,
    minify: true,
    format: "iife",
    legalComments: "none",
    banner: {
      js: `/* Made by "npm run highlight" in tests/browser from highlight.js:\n\n${licence}\n*/`,
    },
    write: false,
  });
  return outputFiles[0].text;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(FILE, await highlight());
}
