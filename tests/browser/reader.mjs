// The book and a browser for the tests of a file, from before the first to after the last.

import { after, before } from "node:test";
import { launch, serve } from "./browser.mjs";

/** `book` and `browser` are there once the tests run. */
export function reader() {
  const here = {};
  before(async () => {
    here.book = await serve();
    here.browser = await launch();
  });
  after(async () => {
    await here.browser?.close();
    await here.book?.stop();
  });
  return here;
}
