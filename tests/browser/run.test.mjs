// "Run it with my code": the button below a session, and what it shows.

import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { test } from "node:test";
import axe from "axe-core";
import { LANGUAGES, THEMES, WORKSPACE, choose } from "./browser.mjs";
import { reader } from "./reader.mjs";

const here = reader();

const LADDER = `\
w    SYN-SENT 43118 -- SYN --------------------------------> 9090
w ESTABLISHED 43118 <- SYN, ACK ---------------------------- 9090  SYN-RCVD
w             43118 -- 5 bytes "hello" --------------------> 9090
`;

async function open(path, { theme = "light", answer } = {}) {
  const context = await here.browser.newContext();
  await choose(context, theme);
  const page = await context.newPage();
  if (answer) {
    await page.route(/\/sessions(\/[\w-]+)?$/, (route, request) =>
      route.fulfill({ json: request.method() === "POST" ? answer : { whyNot: null } }),
    );
  }
  await page.goto(new URL(path, here.book.url).href);
  return page;
}

async function violations(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => axe.run("main"));
  return violations.map(({ id }) => id);
}

for (const language of LANGUAGES) {
  test(`a session is run, and goes as in the book, in ${language.name}`, async (t) => {
    const sessions = await fetch(new URL("sessions", here.book.url));
    const { whyNot } = await sessions.json();
    if (whyNot !== null) return t.skip(whyNot);
    const page = await open(`${language.path}wire.html`);
    const run = page.locator(".run-bar button").first();
    await run.focus();
    await page.keyboard.press("Enter");
    await page.locator(".run-pair").waitFor({ timeout: 200_000 });
    assert.equal(await page.locator("mark.differs, li.differs").count(), 0);
    const status = page.locator(".run-status").first();
    assert.match(await status.textContent(), /as in the book|相同/);
    const sides = page.locator(".run-side");
    for (const index of [0, 1]) {
      assert.equal(await sides.nth(index).locator(".ladder-packet").count(), 10);
    }
    // The keys still work, and what was there before comes back.
    assert.ok(await run.evaluate((run) => run === document.activeElement));
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.equal(await sides.count(), 0);
    assert.ok(await page.locator(".session").first().isVisible());
    await page.context().close();
  });
}

for (const theme of THEMES) {
  test(`what differs is marked in terminals and ladder, in ${theme}`, async () => {
    const book = { text: `1 $ true\n1   one\n${LADDER}`, differing: [1, 4] };
    const text = `1 $ true\n1   two\n${LADDER.replace("hello", "hallo")}`;
    const came = { text, differing: [1, 4] };
    const answer = { book, came, isSame: false, stopped: "running" };
    const page = await open("wire.html", { theme, answer });
    await page.locator(".run-bar button").first().click();
    await page.locator(".run-pair").waitFor();
    const marked = await page.locator("mark.differs, li.differs .ladder-what").allTextContents();
    const shown = marked.filter((text) => !text.includes("--"));
    assert.deepEqual(shown, ["one\n", '5 bytes "hello"', "two\n", '5 bytes "hallo"']);
    const status = page.locator(".run-status").first();
    assert.match(await status.textContent(), /does not end.*2 lines differ/);
    assert.deepEqual(await violations(page), []);
    await page.context().close();
  });
}

test("what the compiler says is shown as it is", async () => {
  const compiler = "error[E0425]: cannot find value `x`\n --> <main.rs>:1:1\n";
  const page = await open("wire.html", { answer: { compiler } });
  await page.locator(".run-bar button").first().click();
  assert.equal(await page.locator(".run-words").textContent(), compiler);
  assert.deepEqual(await violations(page), []);
  await page.context().close();
});

test("where sessions cannot be run, a sentence says why", async () => {
  const context = await here.browser.newContext();
  const page = await context.newPage();
  await page.route(/\/sessions$/, (route) => route.fulfill({ json: { whyNot: "not permitted" } }));
  await page.goto(new URL("wire.html", here.book.url).href);
  const bar = page.locator(".run-bar").first();
  assert.match(await bar.textContent(), /network namespace \(not permitted\)/);
  assert.equal(await page.locator(".run-bar button").count(), 0);
  await context.close();
});

test("the scripts that show sessions and ladders are small", async () => {
  const names = ["fonts/session", "fonts/ladder", "run"];
  const files = await Promise.all(names.map((name) => stat(`${WORKSPACE}/mdbook/theme/${name}.js`)));
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  assert.ok(bytes <= 25_000, `${bytes} bytes`);
});
