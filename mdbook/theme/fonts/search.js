// Search as people type. mdBook's index takes what stands between two spaces for a word, and
// drops what is not Latin: nothing Chinese is ever found, and no name inside a call, as in
// `stream.set_nonblocking(true)`. So look for a query in the text of every section, too. (Which
// is in the index.)
(() => {
  "use strict";

  if (typeof elasticlunr === "undefined") return;

  const HAN = /\p{Script=Han}/u;
  /** A name of the language or the kernel: `SO_REUSEADDR`, `Shutdown::Write`, `setDaemon`. */
  const NAME = /[_:.\d]|\p{Ll}\p{Lu}/u;
  /** What makes a question of a word, or joins two, and need not stand in the answer. */
  const FILLING = /什么是|是什么|什么叫|为什么|怎么办|怎么样|怎么|怎样|如何|是啥|[吗呢]$|(?<!目)的/g;
  const TITLE_WEIGHT = 20;
  /** How much of a query has to be there if nothing has all of it. */
  const ENOUGH = 0.6;
  const EXCERPT_BEFORE = 25;
  const EXCERPT_AFTER = 60;

  // Words that Taiwan and Hong Kong have for what this book calls otherwise.
  const WORDS = new Map(
    Object.entries({
      通訊端: "套接字",
      伺服器: "服务器",
      伺服端: "服务端",
      用戶端: "客户端",
      執行緒: "线程",
      執行序: "线程",
      行程: "进程",
      程式: "程序",
      網路: "网络",
      連線: "连接",
      佇列: "队列",
      視窗: "窗口",
      壅塞: "拥塞",
      逾時: "超时",
      位址: "地址",
      位元組: "字节",
      連接埠: "端口",
      通訊埠: "端口",
      埠: "端口",
      封包: "数据包",
      黏包: "粘包",
      緩衝: "缓冲",
      檔案: "文件",
      描述元: "描述符",
      非同步: "异步",
      預設: "默认",
    }),
  );
  // The other characters that a search in this book may have, traditional and simplified.
  const TRADITIONAL =
    "連監聽隊緩衝區發關閉讀寫傳輸報紋斷開線協議揮應務戶進術鎖護時間鏈訊號數據對編碼亂塊復雙單" +
    "個網絡機運選項設備錯誤擁遲滯動靜態頭邊幀標準還庫資棧餓認確證參總結試題學習課師給記處罰異" +
    "測實驗達轉換環變無長響語門啟終殺佔滿權檢視誰從後觸歸級屬組體積壓竊窺過為麼嗎會沒來這裡樣" +
    "經現節點較說們兩幾軟並將該與內兒層鍵遠聯繫幫訪問論戰隨屆";
  const SIMPLIFIED =
    "连监听队缓冲区发关闭读写传输报纹断开线协议挥应务户进术锁护时间链讯号数据对编码乱块复双单" +
    "个网络机运选项设备错误拥迟滞动静态头边帧标准还库资栈饿认确证参总结试题学习课师给记处罚异" +
    "测实验达转换环变无长响语门启终杀占满权检视谁从后触归级属组体积压窃窥过为么吗会没来这里样" +
    "经现节点较说们两几软并将该与内儿层键远联系帮访问论战随届";
  const CHARACTERS = new Map(
    Array.from(TRADITIONAL, (character, i) => [character, SIMPLIFIED[i]]),
  );
  const FOREIGN = new RegExp([...WORDS.keys(), `[${TRADITIONAL}]`].join("|"), "gu");

  const isChineseBook = document.documentElement.lang.startsWith("zh");
  const search = elasticlunr.Index.prototype.search;

  elasticlunr.Index.prototype.search = function (typed, options) {
    const query = plain(typed);
    const sections = Object.values(this.documentStore.docs);
    const inText = scan(sections, query);
    if (isChineseBook || HAN.test(query)) return inText;
    const byWord = search.call(this, query, options);
    if (NAME.test(query)) return join(inText, byWord);
    // "slow start" is not what only has both words.
    const phrase = query.trim().toLowerCase();
    const asPhrase = phrase.includes(" ") ? rank(sections, [phrase], 1) : [];
    return join(join(asPhrase, byWord), inText);
  };

  /** A query in the characters of this book: not of full width, and simplified. */
  function plain(query) {
    const simple = (part) => WORDS.get(part) ?? CHARACTERS.get(part);
    return query.normalize("NFKC").replace(FOREIGN, simple).replace(FILLING, " ");
  }

  /** Both lists, the second one without what the first one has. */
  function join(first, second) {
    const known = new Set(first.map(({ ref }) => ref));
    return [...first, ...second.filter(({ ref }) => !known.has(ref))];
  }

  /** The sections that have all words of the query, or most of them; best first. */
  function scan(sections, query) {
    const words = split(query);
    if (words.length === 0) return [];
    const all = rank(sections, words, 1);
    // A writer may have put a word in between: 端口占用 is to find 端口被占用.
    return all.length > 0 ? all : rank(sections, [...new Set(words.flatMap(pairs))], ENOUGH);
  }

  /** Words end at a space, and where a writer may or may not have put one. */
  function split(query) {
    const words = query.toLowerCase().match(/\p{Script=Han}+|[^\s\p{Script=Han}()"',;]+/gu) ?? [];
    return words
      .filter((word) => /[\p{L}\p{N}]/u.test(word))
      .map((word) => word.replace(/[?!.:]+$/, ""));
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

  // mdBook searches when a key is let go: not when a mouse has pasted, nor when an input method
  // has put its text in, and it searches for what is still being composed. Here it does so when
  // the text is complete.
  const bar = document.getElementById("mdbook-searchbar");
  if (bar === null) return;
  const go = () => bar.dispatchEvent(new KeyboardEvent("keyup", { bubbles: true }));
  bar.addEventListener("input", ({ isComposing }) => {
    if (!isComposing) go();
  });
  bar.addEventListener("compositionend", go);
  for (const key of ["keydown", "keyup"]) {
    const keep = (event) => {
      // Enter and the arrows belong to the input method then.
      if (event.isComposing) event.stopImmediatePropagation();
    };
    bar.addEventListener(key, keep, { capture: true });
  }
})();
