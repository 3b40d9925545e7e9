// The book and a browser to read it with.
//
//     BOOK_URL   where the book is already served; otherwise `cargo book` is started
//     CHROMIUM   the browser's program (/usr/bin/chromium)

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const WORKSPACE = fileURLToPath(new URL("../..", import.meta.url));

/** A language: its name, where it is on the site, its `lang`. */
export const LANGUAGES = [
  { name: "English", path: "", lang: "en" },
  { name: "Chinese", path: "zh-CN/", lang: "zh-CN" },
];

/** The themes that are offered, as mdBook calls them. */
export const THEMES = ["light", "navy"];

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 360, height: 740 };

/** Serves the book. `url` ends with a slash; `output` has what the server said so far. */
export async function serve(...options) {
  if (process.env.BOOK_URL && options.length === 0) {
    return { url: new URL("./", process.env.BOOK_URL).href, output: [], stop: async () => {} };
  }
  const server = spawn("cargo", ["book", "--port", "0", ...options], {
    cwd: WORKSPACE,
    // A group of its own: cargo does not pass a signal on.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(server, "exit");
  const output = [];
  const url = await new Promise((resolve, reject) => {
    for (const stream of [server.stdout, server.stderr]) {
      createInterface(stream).on("line", (line) => {
        output.push(line);
        const at = /^The book is at (\S+)/.exec(line);
        if (at) resolve(at[1]);
      });
    }
    ended.then(() => reject(new Error(`cargo book has ended:\n${output.join("\n")}`)));
  });
  const stop = async () => {
    process.kill(-server.pid, "SIGTERM");
    await ended;
  };
  return { url, output, stop };
}

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // In a container, root has no sandbox and /dev/shm is small.
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
}

/** The chapters of a language: `["start.html", ...]`. */
export async function chapters(url, language) {
  const response = await fetch(new URL(`${language.path}toc.html`, url));
  const links = (await response.text()).matchAll(/<a href="([^"#]+\.html)"/g);
  return [...new Set(Array.from(links, ([, href]) => href))];
}

/** Every page of the book: `[{ language, chapter, url }]`. */
export async function pages(url) {
  const all = [];
  for (const language of LANGUAGES) {
    for (const chapter of await chapters(url, language)) {
      all.push({ language, chapter, url: new URL(language.path + chapter, url).href });
    }
  }
  return all;
}

/** Chooses a theme for every page that is opened from now on. */
export async function choose(context, theme) {
  await context.addInitScript((theme) => localStorage.setItem("mdbook-theme", theme), theme);
}
