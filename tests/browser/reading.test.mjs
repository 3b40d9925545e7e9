// What the book's own scripts make of a page: terminal sessions, themes, Chinese words.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DESKTOP, LANGUAGES } from "./browser.mjs";
import { reader } from "./reader.mjs";

const here = reader();

async function open(path, options = {}) {
  const context = await here.browser.newContext({ viewport: DESKTOP, ...options });
  const page = await context.newPage();
  await page.goto(new URL(path, here.book.url).href);
  return page;
}

/** A page of its own with nothing but a session. */
async function openSession(language, session) {
  const page = await open(`${language.path}start.html`);
  const script = Array.from(await page.$$eval("script[src]", (all) => all.map(({ src }) => src)));
  await page.evaluate((session) => {
    const code = Object.assign(document.createElement("code"), { textContent: session });
    code.className = "language-session";
    const pre = document.createElement("pre");
    pre.append(code);
    document.querySelector("main").replaceChildren(pre);
  }, session);
  await page.addScriptTag({ url: script.find((src) => /\/session-/.test(src)) });
  return page;
}

const SESSION = `1 $ cargo run -p lesson-02
1   listening on 127.0.0.1:9090

2 $ python3 -c 'input("> ")'
2 > hello  there
2    indented by one
2
1   client connected: 127.0.0.1:50312
1 ^C
1 $
1 $ echo $?
1   130
3 $ python3 -c "
3 > print('it\\'s')
3 > "
3 > not the command's
w    SYN-SENT 58936 -- SYN --------------------------------> 9090
w                   (1.0 s later)
`;

for (const language of LANGUAGES) {
  test(`a session is shown terminal by terminal, in ${language.name}`, async () => {
    const page = await openSession(language, SESSION);
    const terminals = await page.$$eval("main .terminal", (all) =>
      all.map((terminal) => [
        terminal.getAttribute("aria-label"),
        terminal.querySelector(".terminal-screen").textContent,
        terminal.querySelector(".terminal-copy")?.dataset.commands,
      ]),
    );
    const name = language.lang === "en" ? "Terminal" : "终端";
    assert.deepEqual(terminals, [
      [
        `${name} 1`,
        "$ cargo run -p lesson-02\nlistening on 127.0.0.1:9090\n",
        "cargo run -p lesson-02",
      ],
      [
        `${name} 2`,
        "$ python3 -c 'input(\"> \")'\nhello  there\n indented by one\n\n",
        "python3 -c 'input(\"> \")'",
      ],
      [`${name} 1`, "client connected: 127.0.0.1:50312\nCtrl-C\n$ \n$ echo $?\n130\n", "echo $?"],
      [
        `${name} 3`,
        "$ python3 -c \"\n> print('it\\'s')\n> \"\nnot the command's\n",
        "python3 -c \"\nprint('it\\'s')\n\"",
      ],
      [
        language.lang === "en" ? "On the wire" : "网络上的报文",
        "   SYN-SENT 58936 -- SYN --------------------------------> 9090\n" +
          "                  (1.0 s later)\n",
        undefined,
      ],
    ]);
    await page.context().close();
  });
}

test("the copy button of a terminal copies its commands, and says so", async () => {
  const permissions = ["clipboard-read", "clipboard-write"];
  const page = await openSession(LANGUAGES[0], SESSION);
  await page.context().grantPermissions(permissions);
  const copy = page.locator(".terminal-copy").first();
  await copy.focus();
  await page.keyboard.press("Enter");
  await copy.getByText("Copied").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "cargo run -p lesson-02");
  await page.context().close();
});

test("without scripts a page can be read", async () => {
  const page = await open("02-server.html", { javaScriptEnabled: false });
  assert.ok((await page.locator("main").innerText()).length > 20);
  for (const code of await page.locator("code.language-session").all()) {
    // The first line is a command, or says how the hosts are joined.
    assert.match(await code.textContent(), /^(\d \$|n terminals?) /);
  }
  await page.context().close();
});

test("two themes are offered, and are chosen by keyboard", async () => {
  const page = await open("start.html");
  const background = () =>
    page.evaluate(() => getComputedStyle(document.body.parentElement).backgroundColor);
  await page.locator("#mdbook-theme-toggle").press("Enter");
  assert.deepEqual(await page.locator("#mdbook-theme-list button").allInnerTexts(), [
    "Auto",
    "Light",
    "Dark",
  ]);
  const light = await background();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  assert.notEqual(await background(), light);
  await page.reload();
  assert.notEqual(await background(), light);
  await page.context().close();
});

test("a theme that another book left behind is forgotten", async () => {
  const context = await here.browser.newContext({ viewport: DESKTOP });
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(here.book.url);
  await page.evaluate(() => localStorage.setItem("mdbook-theme", "rust"));
  await page.reload();
  assert.equal(await page.locator("html.light").count(), 1);
  assert.deepEqual(errors, []);
  await context.close();
});

test("the interface of the Chinese book is Chinese", async () => {
  const page = await open("zh-CN/02-server.html");
  await page.keyboard.press("?");
  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  await page.keyboard.type("qwxz");
  await page.locator("#mdbook-searchresults-header", { hasText: "没有找到“qwxz”" }).waitFor();
  await page.locator("#mdbook-searchbar").fill("TCP");
  await page.locator("#mdbook-searchbar").press("End");
  await page.locator("#mdbook-searchresults-header", { hasText: "“TCP”的搜索结果" }).waitFor();

  const english = await page.evaluate(() => {
    const isEnglish = (text) => /[A-Za-z]{4}/.test(text);
    const found = [];
    for (const element of document.querySelectorAll("body *")) {
      if (element.closest("main, #mdbook-searchresults, [lang=en]") !== null) continue;
      for (const name of ["title", "aria-label", "placeholder"]) {
        const text = element.getAttribute(name) ?? "";
        if (isEnglish(text)) found.push(`${name}="${text}"`);
      }
    }
    const chrome =
      "#mdbook-help-popup, #mdbook-menu-bar, #mdbook-searchresults-header, .tooltiptext";
    for (const element of document.querySelectorAll(chrome)) {
      const text = element.textContent.replace("English", "");
      if (isEnglish(text)) found.push(text.trim());
    }
    for (const button of document.querySelectorAll("main .clip-button")) {
      if (isEnglish(button.title)) found.push(button.title);
    }
    return [...new Set(found)];
  });
  assert.deepEqual(english, []);
  await page.context().close();
});

test("copying code in the Chinese book is confirmed in Chinese", async () => {
  const page = await open("zh-CN/02-server.html");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const button = page.locator("main .clip-button").first();
  await button.focus();
  await page.keyboard.press("Enter");
  await button.getByText("已复制").waitFor();
  await page.context().close();
});

test("an unknown address leads to a page in its language that leads home", async () => {
  for (const { path, lang } of LANGUAGES) {
    const page = await open(`${path}no/such/page.html`);
    assert.equal(await page.getAttribute("html", "lang"), lang);
    assert.match(await page.title(), lang === "en" ? /^Page not found/ : /^没有这一页/);
    const other = LANGUAGES.find((language) => language.lang !== lang);
    const href = await page.locator(".language-switch").evaluate((link) => link.href);
    assert.equal(href, new URL(other.path, here.book.url).href);
    await page.context().close();
  }
});
