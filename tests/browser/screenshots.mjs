// Takes every page in both languages, light and dark, on a desktop and on a phone, with all
// answers unfolded: `npm run screenshots -- FOLDER [CHAPTER ...]`, as in `01-client`.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { choose, DESKTOP, launch, pages, PHONE, serve, THEMES } from "./browser.mjs";

const [folder, ...wanted] = process.argv.slice(2);
if (folder === undefined) throw new Error("which folder?");
await mkdir(folder, { recursive: true });

const book = await serve();
const browser = await launch();
try {
  const all = await pages(book.url);
  for (const theme of THEMES) {
    for (const [device, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
      const context = await browser.newContext({ viewport });
      await choose(context, theme);
      const page = await context.newPage();
      for (const { language, chapter, url } of all) {
        const name = chapter.replace(".html", "");
        if (wanted.length > 0 && !wanted.includes(name)) continue;
        await page.goto(url);
        await page.evaluate(() => {
          for (const details of document.querySelectorAll("details")) details.open = true;
        });
        const file = `${name}.${language.lang}.${theme}.${device}.png`;
        await page.screenshot({ path: join(folder, file), fullPage: true });
        console.log(file);
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
  await book.stop();
}
