// The two tanks of lesson 07, as a reader plays with them. Their model is tested in
// two-tanks.test.mjs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DESKTOP, LANGUAGES, PHONE } from "./browser.mjs";
import { reader } from "./reader.mjs";

/** More writes than it takes to fill both buffers. */
const ENOUGH = 30;

const here = reader();

async function open(language, options = {}) {
  const context = await here.browser.newContext({ viewport: DESKTOP, ...options });
  const page = await context.newPage();
  await page.goto(new URL(`${language.path}07-buffers.html`, here.book.url).href);
  return page;
}

const control = (page, action) => page.locator(`two-tanks [data-action="${action}"]`);

/** What the page shows: `state`, in words, and all numbers. */
async function read(page) {
  return page.locator("two-tanks").evaluate((tanks) => {
    const shown = { state: { ...tanks.dataset } };
    for (const { dataset, textContent } of tanks.querySelectorAll("[data-value]")) {
      const number = Number(textContent);
      if (!Number.isNaN(number)) shown[dataset.value] = number;
    }
    return shown;
  });
}

/** Presses a button until the writer is blocked, or ready. Every byte is somewhere. */
async function pressUntil(page, press, action, writer) {
  for (let i = 0; i < ENOUGH; i++) {
    await press(action);
    const shown = await read(page);
    const { accepted, read: got } = shown;
    const sum = got + shown["send-buffer"] + shown["receive-buffer"] - shown["counted-twice"];
    assert.equal(accepted, sum, JSON.stringify(shown));
    if (shown.state.writer === writer) return shown;
  }
  return assert.fail(`the writer is not ${writer} after ${ENOUGH} times ${action}`);
}

/** Writes until the writer is blocked, reads until it no longer is, and starts over. */
async function play(page, press) {
  assert.equal((await read(page)).accepted, 0);
  const full = await pressUntil(page, press, "write", "blocked");
  assert.equal(full.state.window, "closed");
  assert.equal(full.window, 0);
  assert.ok(full["in-hand"] > 0);

  const flowing = await pressUntil(page, press, "read", "ready");
  assert.ok(flowing.accepted > full.accepted, "the flow goes on");
  assert.ok(flowing.read > 0);

  await press("reset");
  assert.equal((await read(page)).accepted, 0);
}

for (const language of LANGUAGES) {
  test(`by mouse, in ${language.name}`, async () => {
    const page = await open(language);
    await play(page, (action) => control(page, action).click());
    await page.context().close();
  });

  test(`by keyboard, in ${language.name}`, async () => {
    const page = await open(language);
    await control(page, "write-size").focus();
    await play(page, (action) => tabTo(page, action));
    await page.context().close();
  });

  test(`by touch on a phone, in ${language.name}`, async () => {
    const page = await open(language, { viewport: PHONE, hasTouch: true });
    await play(page, (action) => control(page, action).tap());
    await page.context().close();
  });
}

/** Presses a button as one does who has no mouse: with Tab to it, then Space. */
async function tabTo(page, action) {
  const isThere = () =>
    page.evaluate((action) => document.activeElement?.dataset.action === action, action);
  for (const key of ["Tab", "Shift+Tab"]) {
    for (let i = 0; i < ENOUGH && !(await isThere()); i++) await page.keyboard.press(key);
  }
  assert.ok(await isThere(), `Tab does not lead to ${action}`);
  await page.keyboard.press("Space");
}

test("the sizes of the buffers can be changed", async () => {
  const page = await open(LANGUAGES[0]);
  const sizes = control(page, "receive-buffer-size").locator("option");
  const smallest = await sizes.first().getAttribute("value");
  await control(page, "receive-buffer-size").selectOption(smallest);
  assert.equal((await read(page)).window, Number(smallest));
  await page.context().close();
});

test("nothing moves for a reader who wants it so", async () => {
  const page = await open(LANGUAGES[0], { reducedMotion: "reduce" });
  const moving = await page
    .locator("two-tanks *")
    .evaluateAll(
      (all) =>
        all.filter((element) => parseFloat(getComputedStyle(element).transitionDuration) > 0)
          .length,
    );
  assert.equal(moving, 0);
  await page.context().close();
});

test("without scripts there is a text in its place", async () => {
  for (const language of LANGUAGES) {
    const page = await open(language, { javaScriptEnabled: false });
    assert.ok((await page.locator("two-tanks").innerText()).length > 20);
    await page.context().close();
  }
});
