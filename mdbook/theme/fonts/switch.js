// The way to the same place in the other language: English is at the root of the site,
// Chinese below zh-CN/.
(() => {
  "use strict";

  const page = document.documentElement;
  if (!("bothLanguages" in page.dataset)) return;

  const other = page.lang.startsWith("zh")
    ? { lang: "en", path: "../", name: "English", title: "Read this page in English" }
    : { lang: "zh-CN", path: "zh-CN/", name: "中文", title: "用中文读这一页" };

  // The root of this language, and of the other one.
  const here = new URL(path_to_root || ".", document.baseURI);
  const there = new URL(other.path, here);
  // The page that says that there is no such page: it has a `base`, and no counterpart.
  const isMissing = document.querySelector("base") !== null;

  const link = document.createElement("a");
  link.className = "language-switch";
  link.lang = link.hreflang = other.lang;
  link.rel = "alternate";
  link.title = other.title;
  link.textContent = other.name;
  document.querySelector(".right-buttons").prepend(link);

  function update() {
    const file = isMissing ? "" : location.pathname.slice(here.pathname.length);
    link.href = new URL(file + location.hash, there);
  }
  update();
  addEventListener("hashchange", update);
  // mdBook's search changes the address without a word.
  link.addEventListener("click", update);
})();
