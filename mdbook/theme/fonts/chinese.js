// The words of mdBook's own interface, in the Chinese book.
(() => {
  "use strict";

  if (!document.documentElement.lang.startsWith("zh")) return;

  const WORDS = new Map(
    Object.entries({
      // Menu bar and sidebar
      "Table of contents": "目录",
      "Toggle Table of Contents": "显示或隐藏目录",
      "Toggle sidebar": "显示或隐藏目录",
      "Change theme": "更换主题",
      Themes: "主题",
      Auto: "跟随系统",
      Light: "浅色",
      Dark: "深色",
      "Search (`/`)": "搜索（`/`）",
      "Toggle Searchbar": "显示或隐藏搜索框",
      "Print this book": "打印本书",
      // Search
      "Search this book ...": "搜索本书……",
      "Search Result Teaser": "搜索结果摘要",
      // Way through the book
      "Page navigation": "翻页",
      "Previous chapter": "上一章",
      "Next chapter": "下一章",
      // Code
      "Copy to clipboard": "复制到剪贴板",
      "Copied!": "已复制",
      "Clipboard error!": "无法复制",
      // Boxes
      Note: "说明",
      Tip: "提示",
      Important: "重要",
      Warning: "注意",
      Caution: "当心",
      // Keyboard help
      "Keyboard shortcuts": "键盘快捷键",
    }),
  );

  const HELP = [
    "按 <kbd>←</kbd> 或 <kbd>→</kbd> 翻到上一章或下一章",
    "按 <kbd>S</kbd> 或 <kbd>/</kbd> 搜索本书",
    "按 <kbd>?</kbd> 显示本帮助",
    "按 <kbd>Esc</kbd> 关闭本帮助",
  ];

  const RESULTS = /^(?:(?<count>\d+)|No) search results? for '(?<query>.*)'[:.]$/s;

  function translate(text) {
    const results = RESULTS.exec(text)?.groups;
    if (results === undefined) return WORDS.get(text);
    return results.count === undefined
      ? `没有找到“${results.query}”。`
      : `“${results.query}”的搜索结果：${results.count} 条`;
  }

  /** Translates an element's own text, if it has no other child, and its attributes. */
  function translateElement(element) {
    for (const name of ["title", "aria-label", "placeholder"]) {
      const words = translate(element.getAttribute(name) ?? "");
      if (words !== undefined) element.setAttribute(name, words);
    }
    const text = element.lastChild;
    if (text?.nodeType !== Node.TEXT_NODE) return;
    const words = translate(text.data.trim());
    if (words !== undefined) text.data = words;
  }

  /** Translates an element and what is in it. */
  function translateTree(root) {
    translateElement(root);
    root.querySelectorAll("*").forEach(translateElement);
  }

  const INTERFACE = [
    "#mdbook-help-popup",
    "#mdbook-sidebar",
    "#mdbook-menu-bar",
    "#mdbook-search-wrapper",
    ".nav-wrapper",
    ".nav-wide-wrapper",
    ".blockquote-tag-title",
    "pre > .buttons",
  ].join();
  document.querySelectorAll(INTERFACE).forEach(translateTree);
  document.title = document.title.replace(/^Page not found/, "没有这一页");
  document.querySelectorAll("#mdbook-help-popup p").forEach((line, i) => {
    line.innerHTML = HELP[i];
  });

  // What mdBook says later: search results, and whether something was copied.
  const observer = new MutationObserver((changes) => {
    for (const { target } of changes) translateTree(target);
  });
  const LATER = "#mdbook-searchresults-header, #mdbook-searchresults, .tooltiptext";
  for (const element of document.querySelectorAll(LATER)) {
    observer.observe(element, { childList: true });
  }
})();
