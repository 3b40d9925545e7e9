// The reports of `cargo grade class`, of 200 students: opened as files, as teachers do it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import axe from "axe-core";
import { DESKTOP, launch, PHONE, WORKSPACE } from "./browser.mjs";

const STUDENTS = 200;

/** How heavy the teacher's page may be, in bytes. */
const HEAVIEST = 2_000_000;

let browser, folder;

/** The address of a file of the class's. */
const at = (language, file) => pathToFileURL(join(folder, language, file)).href;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "class-report-"));
  for (const language of ["en", "zh"]) {
    const of = ["--", join(folder, language), String(STUDENTS), language];
    const run = ["run", "--quiet", "--package", "classroom", "--example", "class_report", ...of];
    await promisify(execFile)("cargo", run, { cwd: WORKSPACE });
  }
  browser = await launch();
});

after(async () => {
  await browser?.close();
  if (folder) await rm(folder, { recursive: true });
});

/** Opens a page; `complaints` has what the browser had to complain of. */
async function open(url, options = {}) {
  const context = await browser.newContext({ viewport: DESKTOP, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    if (!/^(file|data):/.test(request.url())) complaints.push(`asks ${request.url()}`);
  });
  await page.goto(url);
  return { page, complaints, close: () => context.close() };
}

async function findings(page) {
  await page.evaluate(() => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
  // As a script of the browser's, and not of the page's, whose policy would refuse it.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => axe.run({ resultTypes: ["violations"] }));
  return violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 3).map((node) => `${id}: ${node.html.slice(0, 300)}\n${node.failureSummary}`),
  );
}

const LOOKS = [
  ["light", "en", { colorScheme: "light" }],
  ["dark", "zh", { colorScheme: "dark" }],
  ["narrow", "en", { viewport: PHONE }],
];

for (const [look, language, options] of LOOKS) {
  test(`axe finds nothing in the report, ${look}`, async () => {
    const { page, close } = await open(at(language, "report.html"), options);
    assert.equal(await page.locator("#marks tbody tr").count(), STUDENTS);
    assert.deepEqual(await findings(page), []);
    await close();
  });

  test(`axe finds nothing in the feedback, ${look}`, async () => {
    const { page, close } = await open(at(language, "feedback/s10111.html"), options);
    assert.deepEqual(await findings(page), []);
    await close();
  });
}

test("the report is light, needs nothing from elsewhere, and no name is taken for HTML", async () => {
  for (const language of ["en", "zh"]) {
    const { size } = await stat(join(folder, language, "report.html"));
    assert.ok(size < HEAVIEST, `it weighs ${size} bytes`);
    const { page, complaints, close } = await open(at(language, "report.html"));
    assert.equal(await page.title(), "Networks <1>");
    const names = await page.locator("#marks tbody th a").allTextContents();
    assert.equal(names[1], "<script>document.title='taken'</script>");
    assert.equal(names[5], "reversed \\u{202e}eman\\u{202c}");
    assert.equal(await page.locator("script").count(), 1);
    await page.goto(at(language, "feedback/s10037.html"));
    assert.equal(await page.locator("h1").innerText(), "<script>document.title='taken'</script>");
    assert.equal(await page.locator("script").count(), 0);
    assert.deepEqual(complaints, []);
    await close();
  }
});

test("a cell leads to the story, also without scripts", async () => {
  for (const javaScriptEnabled of [true, false]) {
    const { page, close } = await open(at("en", "report.html"), { javaScriptEnabled });
    // The mouse is not over a header that sticks.
    const cell = page.locator("#marks td.f a").first();
    const href = await cell.getAttribute("href");
    await cell.click();
    await page.waitForURL(`**/${href}`);
    const target = page.locator("li:target");
    assert.ok((await target.getAttribute("class")).includes("failed"));
    assert.match(await target.innerText(), /Expected: /);
    await close();
  }
});

test("it is sorted by name and by total, and says so", async () => {
  const { page, close } = await open(at("en", "report.html"));
  const totals = async () =>
    (await page.locator("#marks tbody td:nth-child(2)").allTextContents()).map(Number);
  const sorted = (await totals()).sort((a, b) => b - a);
  const header = page.locator("#marks th", { hasText: "Total" });
  assert.equal(await header.getAttribute("aria-sort"), null);
  await header.getByRole("button").click();
  assert.equal(await header.getAttribute("aria-sort"), "descending");
  assert.deepEqual(await totals(), sorted);
  await header.getByRole("button").press("Enter");
  assert.equal(await header.getAttribute("aria-sort"), "ascending");
  assert.deepEqual(await totals(), sorted.reverse());

  await page.locator("#marks th", { hasText: "Student" }).getByRole("button").click();
  assert.equal(await header.getAttribute("aria-sort"), null);
  const names = await page.locator("#marks tbody th a").allTextContents();
  const first = (name) => names.findIndex((it) => it.startsWith(name));
  assert.ok(first("Alan Turing") < first("Barbara Liskov"));
  assert.ok(first("Barbara Liskov") < first("O'Neill"));
  await close();
});

test("it is filtered by name and by ID, and says how many are left", async () => {
  const { page, close } = await open(at("zh", "report.html"));
  const shown = page.locator("#marks tbody tr:visible");
  const count = page.getByText("人", { exact: false }).and(page.locator("#count"));
  await page.locator("#filter").fill("王小明");
  assert.equal(await shown.count(), 17);
  assert.equal(await count.innerText(), "17 / 200 人");
  await page.locator("#filter").fill("S10037");
  assert.equal(await shown.count(), 1);
  await page.locator("#filter").fill("");
  assert.equal(await shown.count(), STUDENTS);
  await close();
});

test("Tab stops at one cell, arrow keys go on, and the cell's failure is told", async () => {
  const { page, close } = await open(at("en", "report.html"));
  const focused = (what) => page.evaluate((what) => document.activeElement[what], what);
  await page.locator("#map").focus();
  await page.keyboard.press("Tab");
  // The headers' links, and then one name of all the students.
  while (!(await page.evaluate(() => document.activeElement.closest("tbody")))) {
    await page.keyboard.press("Tab");
  }
  assert.equal(await focused("textContent"), 'Lovelace, Ada "Countess"');
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowRight");
  assert.match(await focused("href"), /s10074\.html#01$/);
  await page.keyboard.press("ArrowRight");
  assert.equal(await focused("ariaLabel"), "failed");
  const told = await page.locator("#peek").innerText();
  assert.match(told, /^O'Neill & Søn s10074\s+01-1 .*: failed\s+Expected: .*\s+Got: /);
  // On the way back from the end it is not below the column that sticks.
  await page.keyboard.press("End");
  for (let step = 0; step < 45; step += 1) {
    await page.keyboard.press("ArrowLeft");
    const isSeen = await page.evaluate(() => {
      const { x, y, width, height } = document.activeElement.getBoundingClientRect();
      return document.elementFromPoint(x + width / 2, y + height / 2) === document.activeElement;
    });
    assert.ok(isSeen, `hidden after ${step} steps`);
  }
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.closest("tbody")), null);
  await close();
});

test("a check's number unfolds what failed in it", async () => {
  const { page, close } = await open(at("en", "report.html"));
  await page.locator("#marks thead a[href='#c05-3']").click();
  // The event that unfolds it comes after the click.
  await page.locator("#c05-3").getByText("Expected").first().waitFor();
  await close();
});

test("on a phone nothing is wider than the page", async () => {
  for (const [language, file] of [
    ["en", "report.html"],
    ["zh", "report.html"],
    ["en", "feedback/s10148.html"],
  ]) {
    const { page, close } = await open(at(language, file), { viewport: PHONE });
    const wide = await page.evaluate(() => {
      for (const details of document.querySelectorAll("details")) details.open = true;
      const scrolls = (element) => element.closest(".scroll") !== null;
      return Array.from(document.querySelectorAll("body *"))
        .filter((element) => !scrolls(element) && element.checkVisibility())
        .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
        .map((element) => element.outerHTML.slice(0, 200));
    });
    assert.deepEqual(wide, [], file);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await close();
  }
});
