// What mdBook leaves to be wished of its pages.
(() => {
  "use strict";

  // The themes that are offered: every text in them can be read. The dark one is mdBook's
  // navy in other colours.
  const NAMES = { default_theme: "Auto", light: "Light", navy: "Dark" };
  for (const button of document.querySelectorAll("#mdbook-theme-list .theme")) {
    const name = NAMES[button.id.replace("mdbook-theme-", "")];
    if (name === undefined) button.parentElement.remove();
    else button.textContent = name;
  }

  // A piece from the midst of a function begins at the margin: a phone has no room to spare.
  for (const code of document.querySelectorAll(
    "main pre > code:is(.language-rust, .language-python)",
  )) {
    const indents = code.textContent.match(/^ *(?=\S)/gm) ?? [""];
    const indent = Math.min(...indents.map((spaces) => spaces.length));
    if (indent === 0) continue;
    code.textContent = code.textContent.replace(new RegExp(`^ {${indent}}`, "gm"), "");
    // Once more, as the text is new.
    delete code.dataset.highlighted;
    hljs.highlightElement(code);
  }

  // An empty heading is none. Where the first one is empty, the rows have headings.
  function rename(cell, name) {
    const renamed = document.createElement(name);
    renamed.append(...cell.childNodes);
    cell.replaceWith(renamed);
    return renamed;
  }
  for (const empty of document.querySelectorAll("main thead th:empty")) {
    if (empty.cellIndex === 0) {
      for (const row of empty.closest("table").tBodies[0].rows) {
        rename(row.cells[0], "th").scope = "row";
      }
    }
    rename(empty, "td");
  }

  // What scrolls in itself can be scrolled by keyboard.
  const scrollers = document.querySelectorAll("main :is(pre, pre > code, .table-wrapper)");
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  for (const scroller of scrollers) observer.observe(scroller);
})();
