// A save shows in the browser by itself. In a copy of the book, which the tests may break.

import assert from "node:assert/strict";
import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, serve, WORKSPACE } from "./browser.mjs";

let copy, book, browser, page;

before(async () => {
  copy = await mkdtemp(join(tmpdir(), "book-"));
  for (const folder of ["lessons", "mdbook"]) {
    await cp(join(WORKSPACE, folder), join(copy, folder), { recursive: true });
  }
  book = await serve("--workspace", copy);
  browser = await launch();
  page = await browser.newPage();
});

after(async () => {
  await browser?.close();
  await book?.stop();
  await rm(copy, { recursive: true, force: true });
});

const chapter = (language) => join(copy, "mdbook", language, "words.md");

/** Waits until the server can tell a page that is loaded anew to reload. */
async function loaded(loading) {
  const socket = page.waitForEvent("websocket");
  await loading();
  await socket;
}

const open = (path) => loaded(() => page.goto(new URL(path, book.url).href));

for (const [path, source] of [
  ["words.html", "src"],
  ["zh-CN/words.html", "zh-CN"],
]) {
  test(`a saved chapter shows by itself: ${path}`, async () => {
    await open(path);
    const start = performance.now();
    await appendFile(chapter(source), "\nSaved just now.\n");
    await page.getByText("Saved just now.").waitFor();
    console.log(`${path}: ${Math.round(performance.now() - start)} ms from save to sight`);
  });
}

test("a saved lesson shows by itself", async () => {
  await appendFile(
    chapter("src"),
    "\n```rust,ignore\n{{#include ../../lessons/01-client/src/main.rs}}\n```\n",
  );
  await open("words.html");
  await page.getByText("Lesson 01").first().waitFor();
  await appendFile(join(copy, "lessons/01-client/src/main.rs"), "// Saved last.\n");
  await page.getByText("// Saved last.").waitFor();
});

test("what cannot be built leaves the page as it was, and is told", async () => {
  await open("words.html");
  const before = await readFile(chapter("src"), "utf8");
  const shown = await page.locator("main").innerText();
  await writeFile(chapter("src"), `${before}\n{{#include ../nowhere.txt}}\n`);
  const told = /words\.md:\d+: .*nowhere\.txt/;
  while (!book.output.some((line) => told.test(line))) await page.waitForTimeout(20);
  await loaded(() => page.reload());
  assert.equal(await page.locator("main").innerText(), shown);

  await writeFile(chapter("src"), `${before}\nMended.\n`);
  await page.getByText("Mended.").waitFor();
});
