// Search in Chinese. mdBook's index takes what stands between two spaces for a word, and drops
// what is not Latin: nothing Chinese is ever found. So, for a Chinese query and in the Chinese
// book, look for it in the text of every section. (Which is in the index too.)
(() => {
  "use strict";

  if (typeof elasticlunr === "undefined") return;

  const HAN = /\p{Script=Han}/u;
  const TITLE_WEIGHT = 20;
  /** How much of a query has to be there if nothing has all of it. */
  const ENOUGH = 0.6;
  const EXCERPT_BEFORE = 25;
  const EXCERPT_AFTER = 60;

  const isChineseBook = document.documentElement.lang.startsWith("zh");
  const search = elasticlunr.Index.prototype.search;

  elasticlunr.Index.prototype.search = function (query, options) {
    return isChineseBook || HAN.test(query)
      ? scan(Object.values(this.documentStore.docs), query)
      : search.call(this, query, options);
  };

  /** The sections that have all words of the query, or most of them; best first. */
  function scan(sections, query) {
    const words = split(query);
    const all = rank(sections, words, 1);
    // A writer may have put a word in between: 端口占用 is to find 端口被占用.
    return all.length > 0 ? all : rank(sections, [...new Set(words.flatMap(pairs))], ENOUGH);
  }

  /** Words end at a space, and where a writer may or may not have put one. */
  function split(query) {
    return query.toLowerCase().match(/\p{Script=Han}+|[^\s\p{Script=Han}]+/gu) ?? [];
  }

  /** A Chinese word in pieces of two characters, which overlap. */
  function pairs(word) {
    if (!HAN.test(word) || word.length < 3) return [word];
    return Array.from({ length: word.length - 1 }, (_, i) => word.slice(i, i + 2));
  }

  /** The sections that have this share of the words. */
  function rank(sections, words, share) {
    return sections
      .map((section) => ({ section, scores: words.map((word) => score(section, word)) }))
      .filter(({ scores }) => scores.filter((score) => score > 0).length >= share * words.length)
      .map(({ section, scores }) => ({
        ref: section.id,
        score: scores.reduce((sum, score) => sum + score, 0),
        doc: excerpt(section, words),
      }))
      .sort((a, b) => b.score - a.score);
  }

  /** 0 if there is no such word; more if it is in the title, and if it comes often. */
  function score({ title, body, breadcrumbs }, word) {
    return (
      TITLE_WEIGHT * count(title, word) +
      count(breadcrumbs, word) +
      Math.log2(1 + count(body, word))
    );
  }

  function count(text, word) {
    return text.toLowerCase().split(word).length - 1;
  }

  /**
   * The section with that part of its text that mdBook is to show. It highlights what stands
   * between two spaces and begins with a word of the query.
   */
  function excerpt(section, words) {
    const text = section.body.toLowerCase();
    const found = words.map((word) => text.indexOf(word)).filter((index) => index >= 0);
    const first = found.length > 0 ? Math.min(...found) : 0;
    const from = Math.max(0, first - EXCERPT_BEFORE);
    const to = first + EXCERPT_AFTER;
    const escaped = words.map((word) => word.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
    const body = section.body
      .slice(from, to)
      .replace(new RegExp(escaped.join("|"), "giu"), " $& ")
      .replace(/ +/g, " ");
    const before = from > 0 ? "…" : "";
    const after = to < section.body.length ? "…" : "";
    return { ...section, body: before + body + after };
  }
})();
