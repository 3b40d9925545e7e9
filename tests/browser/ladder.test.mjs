// What ladder.js makes of a session's packets: a drawing that can be stepped through.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import axe from "axe-core";
import { DESKTOP, LANGUAGES, WORKSPACE } from "./browser.mjs";
import { reader } from "./reader.mjs";

const here = reader();

/** A page whose first session is one of these. */
const PAGES = [
  ["wire.html", "wire-run"],
  ["07-buffers.html", "07-window"],
  ["02-server.html", "02-full"],
];

async function open(path, options = {}) {
  const context = await here.browser.newContext({ viewport: DESKTOP, ...options });
  const page = await context.newPage();
  await page.goto(new URL(path, here.book.url).href);
  return page;
}

/** The lines of a session's ladder. */
async function ladder(name) {
  const text = await readFile(`${WORKSPACE}/mdbook/sessions/${name}.txt`, "utf8");
  const lines = text.split("\n").filter((line) => line.startsWith("w "));
  return lines.map((line) => line.slice(2));
}

const words = (text) => text.split(/\s+/).filter((word) => !/^-*>?$|^<-$/.test(word));

for (const [path, name] of PAGES) {
  test(`${name} is drawn as its file says`, async () => {
    const lines = await ladder(name);
    const page = await open(path);
    const session = page.locator(".session:has(.ladder-rows)").first();
    const rows = await session.locator(".ladder-rows > li").all();
    assert.equal(rows.length, lines.length);
    for (const [index, row] of rows.entries()) {
      const parts = await row.evaluate((row) =>
        row.children.length > 0
          ? Array.from(row.children, (child) => child.textContent).join(" ")
          : row.textContent,
      );
      assert.deepEqual(words(parts), words(lines[index]));
      const way = await row.getAttribute("data-way");
      const arrow = / (--|<-) /.exec(lines[index])?.[1];
      assert.equal(way, { "--": "right", "<-": "left" }[arrow] ?? null);
    }
    await page.context().close();
  });
}

for (const language of LANGUAGES) {
  test(`the packets are stepped through by keys, in ${language.name}`, async () => {
    const page = await open(`${language.path}wire.html`);
    const bar = page.locator(".ladder-bar").first();
    const current = page.locator('[aria-current="step"]');
    await bar.locator("button:not(:disabled)").first().focus();
    await page.keyboard.press("Enter");
    assert.match(await current.textContent(), /SYN-SENT/);
    for (let step = 0; step < 3; step += 1) await page.keyboard.press("ArrowDown");
    const bytes = language.lang === "en" ? "bytes" : "字节";
    assert.match(await current.textContent(), new RegExp(`5 ${bytes} "hello"`));
    // Both states are said, although this packet changes none.
    const said = await bar.locator("output").textContent();
    const expected = new RegExp(`4.*10.*5 ${bytes} "hello".*ESTABLISHED.*ESTABLISHED`);
    assert.match(said, expected);
    // What was typed lights up, and what is still to come is not shown.
    assert.match(await page.locator(".ladder-cause").textContent(), /^python3 -c/);
    const shown = await page
      .locator(".ladder-what")
      .evaluateAll((all) =>
        all.filter((what) => what.checkVisibility({ visibilityProperty: true })).length,
      );
    assert.equal(shown, 4);
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => axe.run("main"));
    assert.deepEqual(
      violations.map(({ id }) => id),
      [],
    );
    // At the end the keys still work.
    for (let step = 0; step < 9; step += 1) await page.keyboard.press("ArrowRight");
    assert.match(await current.textContent(), /ACK 6/);
    await page.keyboard.press("ArrowUp");
    assert.match(await current.textContent(), /FIN, ACK 23/);
    assert.match(page.url(), /wire\.html$/);
    // It ends, and all packets are there again.
    await bar.locator("button:visible").nth(3).click();
    assert.equal(await current.count(), 0);
    assert.equal(await page.locator(".ladder-later, .ladder-cause").count(), 0);
    await page.context().close();
  });
}

test("a packet is chosen by touch, and all are printed", async () => {
  const page = await open("wire.html", { hasTouch: true });
  await page.locator(".ladder-packet").nth(1).tap();
  assert.match(await page.locator('[aria-current="step"]').textContent(), /SYN, ACK/);
  await page.emulateMedia({ media: "print" });
  const whats = page.locator(".ladder-what");
  const shown = await whats.evaluateAll((all) =>
    all.every((what) => what.checkVisibility({ visibilityProperty: true })),
  );
  assert.ok(shown);
  assert.equal(await page.locator(".ladder-bar").first().isVisible(), false);
  await page.context().close();
});

test("one session at a time is stepped through, and its bar stays in sight", async () => {
  const page = await open("07-buffers.html");
  const stepping = page.locator(".ladder-stepping");
  for (const index of [0, 1]) {
    const session = page.locator(".session:has(.ladder-rows)").nth(index);
    await session.locator(".ladder-packet").last().click();
    assert.equal(await stepping.count(), 1);
    const { y, height } = await stepping.boundingBox();
    assert.ok(y > 0 && y + height <= DESKTOP.height);
    assert.equal(await session.locator('[aria-current="step"]').count(), 1);
    assert.equal(await page.locator('[aria-current="step"]').count(), 1);
  }
  await page.context().close();
});

test("the text is one button away", async () => {
  const page = await open("wire.html");
  const text = page.locator('.terminal[data-terminal="w"] .terminal-screen');
  assert.equal(await text.isVisible(), false);
  await page.locator(".ladder-bar").getByText("Text").click();
  assert.equal(await text.textContent(), `${(await ladder("wire-run")).join("\n")}\n`);
  assert.ok(await text.isVisible());
  assert.equal(await page.locator(".ladder-rows").isVisible(), false);
  await page.locator(".ladder-bar").getByText("Drawing").click();
  assert.equal(await text.isVisible(), false);
  await page.context().close();
});

test("remarks are Chinese in the Chinese book, and bytes are what they are", async () => {
  const lines = [
    "SYN-SENT 58858 -- SYN ------------> 9090",
    "         (1.0 s later)",
    "         58858 -- SYN, again -----> 9090",
    '         58858 -- 7 bytes ", again" -> 9090',
    '         58858 -- 1 byte "1", FIN --> 9090',
    '         58858 -- 10 bytes ", window 5" -> 9090',
    "         58858 <- ACK 6144, window 0 - 9090",
    "         (127 more connections do the same)",
  ];
  const page = await open("zh-CN/wire.html");
  const said = await page.evaluate((lines) => {
    const text = lines.map((line) => `w ${line}`).join("\n");
    const session = showSession(text);
    drawLadder(session);
    const rows = session.querySelectorAll(".ladder-what, .ladder-remark");
    return Array.from(rows, (row) => row.textContent);
  }, lines);
  assert.deepEqual(said, [
    "SYN",
    "（1.0 秒后）",
    "SYN, 重发",
    '7 字节 ", again"',
    '1 字节 "1", FIN',
    '10 字节 ", window 5"',
    "ACK 6144, 窗口 0",
    "（另有 127 个连接也是这样）",
  ]);
  await page.context().close();
});
