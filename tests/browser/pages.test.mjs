// What holds for every page, in both languages.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import axe from "axe-core";
import { choose, DESKTOP, launch, pages, PHONE, serve, THEMES } from "./browser.mjs";
import { FILE, highlight } from "./highlight.mjs";

/** What comes over the wire for a page and all that it loads, but for the search index. */
const HEAVIEST = 300_000;

let book, browser, all;

before(async () => {
  book = await serve();
  browser = await launch();
  all = await pages(book.url);
});

after(async () => {
  await browser?.close();
  await book?.stop();
});

/** How many pages are looked at at the same time: while one is loaded another one is read. */
const TABS = 3;

/** Does something for every page, and says for which pages it failed, and how. */
async function forEveryPage(check) {
  const left = [...all];
  const problems = [];
  const work = async () => {
    for (let page = left.shift(); page; page = left.shift()) {
      try {
        await check(page);
      } catch (error) {
        problems.push(`${page.url}: ${error.message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: TABS }, work));
  assert.equal(problems.length, 0, problems.join("\n\n"));
}

/** Opens every page's tab, and does something with it. */
async function onEveryPage(options, prepare, check) {
  const context = await browser.newContext(options);
  await prepare(context);
  try {
    await forEveryPage(async (page) => {
      const tab = await context.newPage();
      try {
        await check(tab, page);
      } finally {
        await tab.close();
      }
    });
  } finally {
    await context.close();
  }
}

const nothing = async () => {};

test("both languages have the same pages", () => {
  const of = (lang) => all.filter(({ language }) => language.lang === lang);
  const chapters = (lang) => of(lang).map(({ chapter }) => chapter);
  assert.ok(chapters("en").length > 10);
  assert.deepEqual(chapters("zh-CN"), chapters("en"));
});

test("every page loads without a complaint, from here alone, and is light", async () => {
  const host = new URL(book.url).host;
  let heaviest = { bytes: 0 };
  await forEveryPage(async ({ url }) => {
    // A context of its own: nothing is cached.
    const context = await browser.newContext({ viewport: DESKTOP });
    try {
      const page = await context.newPage();
      const complaints = [];
      const loaded = [];
      page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("requestfailed", (request) => complaints.push(`${request.url()} failed`));
      page.on("request", (request) => {
        const asked = new URL(request.url());
        if (asked.protocol !== "data:" && asked.host !== host) complaints.push(`asks ${asked}`);
      });
      page.on("response", (response) => {
        if (response.status() >= 400) complaints.push(`${response.url()}: ${response.status()}`);
      });
      // How big it was is asked below, for what is there by then. Asked here, an answer that
      // comes while the page is being closed fails a test that has nothing to do with it.
      page.on("requestfinished", (request) => loaded.push(request));
      await page.goto(url, { waitUntil: "networkidle" });
      const weighed = loaded.filter((request) => !request.url().includes("searchindex"));
      const sizes = await Promise.all(weighed.map((request) => request.sizes()));
      const bytes = sizes.reduce(
        (sum, { responseHeadersSize, responseBodySize }) =>
          sum + responseHeadersSize + responseBodySize,
        0,
      );
      assert.deepEqual(complaints, []);
      assert.ok(bytes < HEAVIEST, `it weighs ${bytes} bytes`);
      assert.ok(bytes > 0, "nothing of it was weighed");
      if (bytes > heaviest.bytes) heaviest = { bytes, url };
    } finally {
      await context.close();
    }
  });
  console.log(`the heaviest page: ${heaviest.url}, ${heaviest.bytes} bytes`);
});

test("the switch leads to the same place in the other language, and back", async () => {
  await onEveryPage({ viewport: DESKTOP }, nothing, async (page, { url, language, chapter }) => {
    const other = all.find((it) => it.chapter === chapter && it.language !== language);
    // A fragment comes along.
    await page.goto(`${url}#main`);
    const there = page.locator(".language-switch");
    assert.equal(await there.getAttribute("lang"), other.language.lang);
    assert.equal(await there.getAttribute("hreflang"), other.language.lang);
    // By keyboard there, by mouse back.
    await there.focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(`${other.url}#main`);
    await page.locator(".language-switch").click();
    await page.waitForURL(`${url}#main`);
  });
});

test("every session is shown terminal by terminal, every piece of code from the margin", async () => {
  await onEveryPage({ viewport: DESKTOP }, nothing, async (page, { url }) => {
    const html = await (await fetch(url)).text();
    await page.goto(url);
    assert.equal(await page.locator("main code.language-session").count(), 0);
    assert.equal(
      await page.locator("main .session:has(.terminal)").count(),
      html.split(/class="language-session[ "]/).length - 1,
    );
    const code = await page.$$eval(
      "main pre > code:is(.language-rust, .language-python)",
      (pieces) => pieces.map(({ textContent, innerHTML }) => [textContent, innerHTML]),
    );
    for (const [text, html] of code) {
      assert.match(text, /^\S/m);
      // Also what has been moved is highlighted.
      assert.match(html, /hljs-/);
    }
  });
});

for (const theme of THEMES) {
  test(`axe finds nothing on main, theme ${theme}`, async () => {
    const prepare = (context) => choose(context, theme);
    await onEveryPage({ viewport: DESKTOP }, prepare, async (page, { url }) => {
      await page.goto(url);
      await page.evaluate(() => {
        for (const details of document.querySelectorAll("details")) details.open = true;
        // What can be scrolled now is found when sizes are observed: at the end of a frame.
        return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      });
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() => axe.run("main"));
      const found = violations.flatMap(({ id, nodes }) =>
        nodes.map((node) => `${id}: ${node.html}\n${node.failureSummary}`),
      );
      assert.equal(found.length, 0, found.slice(0, 5).join("\n"));
    });
  });
}

test("on a phone nothing is wider than the page", async () => {
  await onEveryPage({ viewport: PHONE }, nothing, async (page, { url }) => {
    await page.goto(url);
    const wide = await page.evaluate(() => {
      for (const details of document.querySelectorAll("details")) details.open = true;
      // mdBook cuts off what is too wide: so look at every element that does not scroll.
      const scrolls = (element) =>
        element !== null &&
        element.localName !== "main" &&
        (["auto", "scroll"].includes(getComputedStyle(element).overflowX) ||
          scrolls(element.parentElement));
      return Array.from(document.querySelectorAll("main *, #mdbook-menu-bar *"))
        .filter((element) => element.checkVisibility())
        .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
        .filter((element) => !scrolls(element.parentElement))
        .map((element) => element.outerHTML.slice(0, 200));
    });
    assert.deepEqual(wide, []);
  });
});

test("highlight.js is what `npm run highlight` makes", async () => {
  assert.equal(await readFile(FILE, "utf8"), await highlight());
});
