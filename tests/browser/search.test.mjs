// Search finds what a reader looks for, in both languages.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DESKTOP, LANGUAGES } from "./browser.mjs";
import { reader } from "./reader.mjs";

/** How far down the list the expected chapter may be. */
const FIRST = 5;

/** What somebody asks, and the chapters that answer it: one of them has to be found. */
const QUERIES = {
  en: [
    ["SO_REUSEADDR", ["03-reuseaddr"]],
    ["so_reuseaddr", ["03-reuseaddr"]],
    ["TIME_WAIT", ["03-reuseaddr", "02-server", "trouble"]],
    ["accept queue", ["04-loop-accept", "02-server", "socket"]],
    ["backlog", ["02-server", "04-loop-accept"]],
    ["half-close", ["words", "tcp", "06-daemon-threads", "01-client"]],
    ["send buffer", ["07-buffers"]],
    ["window", ["07-buffers", "tcp"]],
    ["congestion", ["tcp"]],
    ["daemon", ["06-daemon-threads", "python"]],
    ["thread", ["05-threaded", "06-daemon-threads"]],
    ["address in use", ["trouble", "02-server", "03-reuseaddr"]],
    ["address already in use", ["trouble", "02-server", "03-reuseaddr"]],
    ["connection refused", ["trouble", "01-client"]],
    ["GBK", ["01-client", "python", "words", "07-buffers"]],
    ["four-tuple", ["socket", "words"]],
    ["loopback", ["socket", "words", "tcp"]],
    ["SYN cookie", ["02-server"]],
    ["heartbeat", ["04-loop-accept"]],
    ["sliding window", ["tcp"]],
    ["slow start", ["tcp"]],
    ["handshake", ["tcp"]],
    ["set_nonblocking", ["07-buffers", "05-threaded", "06-daemon-threads"]],
    ["settimeout", ["python", "04-loop-accept", "02-server"]],
    ["setDaemon", ["python", "06-daemon-threads"]],
    ["Shutdown::Write", ["01-client", "07-buffers", "tcp"]],
    ["from_utf8_lossy", ["07-buffers"]],
    ["read_to_end", ["01-client", "02-server"]],
    ["setsockopt", ["03-reuseaddr"]],
    ["ＴＩＭＥ＿ＷＡＩＴ", ["03-reuseaddr", "02-server", "trouble"]],
    ["套接字", ["words"]],
  ],
  "zh-CN": [
    ["套接字", ["socket", "words"]],
    ["监听队列", ["04-loop-accept", "02-server", "socket", "words"]],
    ["发送缓冲区", ["07-buffers"]],
    ["拥塞控制", ["tcp"]],
    ["半关闭", ["words", "tcp", "06-daemon-threads", "01-client"]],
    ["四元组", ["socket", "words"]],
    ["守护线程", ["06-daemon-threads", "python"]],
    ["端口占用", ["trouble", "03-reuseaddr", "02-server"]],
    ["端口被占用怎么办", ["trouble", "03-reuseaddr", "02-server"]],
    ["回环地址", ["socket", "words", "tcp"]],
    ["文件描述符", ["socket", "words"]],
    ["阻塞", ["07-buffers", "words"]],
    ["TIME_WAIT 端口", ["03-reuseaddr", "02-server", "trouble"]],
    ["accept队列", ["04-loop-accept", "02-server", "socket", "words"]],
    ["SO_REUSEADDR", ["03-reuseaddr"]],
    ["重传", ["tcp"]],
    ["三次握手", ["tcp"]],
    ["四次挥手", ["tcp", "02-server"]],
    ["主动关闭方", ["tcp", "02-server", "03-reuseaddr"]],
    ["2MSL", ["02-server"]],
    ["全连接队列", ["02-server", "04-loop-accept"]],
    ["半连接队列", ["02-server"]],
    ["滑动窗口", ["tcp"]],
    ["慢启动", ["tcp"]],
    ["服务端", ["tcp", "01-client", "02-server"]],
    ["端口号复用", ["03-reuseaddr"]],
    ["心跳", ["04-loop-accept"]],
    ["长连接", ["04-loop-accept"]],
    ["幂等", ["tcp"]],
    ["粘包", ["07-buffers", "words"]],
    ["什么是粘包？", ["07-buffers", "words"]],
    ["连接被拒绝", ["trouble", "01-client"]],
    ["10048", ["trouble", "02-server", "03-reuseaddr"]],
    ["乱码", ["trouble", "01-client", "07-buffers"]],
    ["set_nonblocking", ["07-buffers", "05-threaded", "06-daemon-threads"]],
    ["setDaemon", ["python", "06-daemon-threads"]],
    ["ＳＯ＿ＲＥＵＳＥＡＤＤＲ", ["03-reuseaddr"]],
    ["１００５４", ["trouble", "01-client", "02-server", "words"]],
    ["監聽", ["02-server", "socket", "words"]],
    ["發送緩衝區", ["07-buffers"]],
    ["三次握手的過程", ["tcp"]],
    ["四次揮手", ["tcp", "02-server"]],
    ["連接埠被佔用", ["trouble", "03-reuseaddr", "02-server"]],
    ["執行緒", ["05-threaded", "06-daemon-threads", "words"]],
    ["黏包", ["07-buffers", "words"]],
    ["壅塞控制", ["tcp"]],
  ],
};

const here = reader();

/** The ways to put a query into an empty field, no key of which is let go after the last character. */
const WAYS = {
  keyboard: (page, query) => page.keyboard.type(query),
  async "input method"(page, query) {
    const session = await page.context().newCDPSession(page);
    // What is seen while it is composed, and what is put in.
    await session.send("Input.imeSetComposition", {
      text: "pin'yin",
      selectionStart: 7,
      selectionEnd: 7,
    });
    await session.send("Input.insertText", { text: query });
    await session.detach();
  },
  async paste(page, query) {
    await page.evaluate((text) => navigator.clipboard.writeText(text), query);
    // As from a menu: no key is let go.
    const session = await page.context().newCDPSession(page);
    await session.send("Input.dispatchKeyEvent", { type: "rawKeyDown", commands: ["paste"] });
    await session.detach();
  },
};

/** Puts a query in as a reader does, and returns what is listed. */
async function search(page, query, way = WAYS.keyboard) {
  await page.locator("#mdbook-searchbar").fill("");
  await page.locator("#mdbook-searchbar").focus();
  await way(page, query);
  const header = page.locator("#mdbook-searchresults-header");
  await header.filter({ hasText: query }).waitFor({ timeout: 5000 });
  return page.$$eval("#mdbook-searchresults li", (items) =>
    items.map((item) => ({
      href: item.querySelector("a").getAttribute("href"),
      teaser: item.querySelector(".teaser").textContent,
      marked: Array.from(item.querySelectorAll("em"), (em) => em.textContent),
    })),
  );
}

async function openSearch(language) {
  const page = await here.browser.newPage({
    viewport: DESKTOP,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  await page.goto(new URL(`${language.path}start.html`, here.book.url).href);
  await page.keyboard.press("/");
  return page;
}

for (const language of LANGUAGES) {
  for (const [name, way] of Object.entries(WAYS)) {
    test(`${language.name}: search leads to the chapter, by ${name}`, async () => {
      const page = await openSearch(language);
      const problems = [];
      for (const [query, expected] of QUERIES[language.lang]) {
        const results = await search(page, query, way);
        const found = results.map(({ href }) => href.split(".html")[0]);
        if (!found.slice(0, FIRST).some((chapter) => expected.includes(chapter))) {
          problems.push(`${query}: expected ${expected}, found ${found}`);
        }
      }
      await page.close();
      assert.equal(problems.length, 0, problems.join("\n"));
    });
  }
}

test("what is still being composed is not searched for, and Enter ends it", async () => {
  const page = await openSearch(LANGUAGES[1]);
  await search(page, "重传");
  const session = await page.context().newCDPSession(page);
  await page.locator("#mdbook-searchbar").fill("");
  await session.send("Input.imeSetComposition", {
    text: "tao'jie'zi",
    selectionStart: 10,
    selectionEnd: 10,
  });
  await page.keyboard.press("Enter");
  assert.match(page.url(), /start\.html/);
  await page.locator("#mdbook-searchresults-header", { hasText: "tao" }).waitFor({ state: "hidden" });
  await session.send("Input.insertText", { text: "套接字" });
  await page.locator("#mdbook-searchresults-header", { hasText: "套接字" }).waitFor();
  await page.close();
});

test("Chinese: an excerpt is short, and shows what was looked for", async () => {
  const page = await openSearch(LANGUAGES[1]);
  for (const { teaser, marked } of await search(page, "套接字")) {
    assert.ok(teaser.length < 200, teaser);
    if (teaser.includes("套接字")) assert.ok(marked.length > 0, teaser);
  }
  await page.close();
});

test("Chinese: a result opens the chapter, and marks the words there", async () => {
  const page = await openSearch(LANGUAGES[1]);
  await search(page, "套接字");
  await page.keyboard.press("Enter");
  await page.waitForURL(/highlight=/);
  await page.locator("main mark", { hasText: "套接字" }).first().waitFor();
  await page.close();
});

test("Chinese: what is nowhere is not found", async () => {
  const page = await openSearch(LANGUAGES[1]);
  assert.deepEqual(await search(page, "量子纠缠"), []);
  await page.close();
});
