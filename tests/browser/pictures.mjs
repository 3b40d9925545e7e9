// Takes the pictures of the chapter for teachers, of the report of a made-up class of 24:
// `npm run pictures` writes mdbook/src/pictures/ and mdbook/zh-CN/pictures/.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { launch, WORKSPACE } from "./browser.mjs";

const STUDENTS = 24;

/** What a picture shows, in pixels: as much as one looks at. */
const VIEWPORT = { width: 1100, height: 560 };

const folder = await mkdtemp(join(tmpdir(), "pictures-"));
const browser = await launch();
try {
  for (const [language, book] of [["en", "src"], ["zh", "zh-CN"]]) {
    const report = join(folder, language);
    const of = ["--", report, String(STUDENTS), language, "plain"];
    const run = ["run", "--quiet", "--package", "classroom", "--example", "class_report", ...of];
    await promisify(execFile)("cargo", run, { cwd: WORKSPACE });
    const pictures = join(WORKSPACE, "mdbook", book, "pictures");
    await mkdir(pictures, { recursive: true });
    for (const colorScheme of ["light", "dark"]) {
      const context = await browser.newContext({ viewport: VIEWPORT, colorScheme });
      const page = await context.newPage();
      await page.goto(pathToFileURL(join(report, "report.html")).href);
      for (const [name, place] of [["class", "h1"], ["students", "#students"]]) {
        await page.locator(place).evaluate((element) => element.scrollIntoView());
        const path = join(pictures, `${name}-${colorScheme}.png`);
        await page.screenshot({ path });
        console.log(path);
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
  await rm(folder, { recursive: true });
}
