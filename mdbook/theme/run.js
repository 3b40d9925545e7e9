// Below each session a button that has it run with the lessons as they are now in the workspace,
// and shows what came beside what the book has. `cargo book` adds this script: on a static site
// there is nobody to run anything.
(() => {
  "use strict";

  const CHINESE = document.documentElement.lang.startsWith("zh");
  const WORDS = CHINESE
    ? {
        run: "用我的代码运行",
        close: "收起结果",
        running: "正在编译并运行……",
        same: "结果与书中相同。",
        differ: (count) => (count > 0 ? `有 ${count} 行与书中不同，已标出。` : "网络上的报文与书中不同。"),
        compiler: "代码没有通过编译。编译器的输出：",
        failed: "无法运行：",
        late: (seconds) => `${seconds} 秒后仍未结束，已被终止。`,
        stopped: {
          running: "有一条命令没有结束，后面的步骤没有运行。",
          late: "运行时间太长，已被终止。",
          flood: "程序的输出没完没了，已被终止。",
          lost: "有报文没有录到，请再运行一次。",
        },
        busy: "另一段会话正在运行，请等它结束。",
        gone: "服务器没有回应：cargo book 还在运行吗？",
        book: "书中",
        mine: "我的代码",
        whyNot: (reason) =>
          `这里不能用您的代码运行会话：需要 Linux，并且允许建立网络命名空间（${reason}）。怎样解决，请看 cargo grade doctor。`,
      }
    : {
        run: "Run it with my code",
        close: "Close the result",
        running: "Building and running it ...",
        same: "It went as in the book.",
        differ: (count) =>
          count > 0
            ? `${count} ${count === 1 ? "line differs and is" : "lines differ and are"} marked.`
            : "The packets are not those of the book.",
        compiler: "The code does not compile. The compiler says:",
        failed: "It cannot be run:",
        late: (seconds) => `It had not ended after ${seconds} seconds, and was stopped.`,
        stopped: {
          running: "A command does not end, so the steps after it were not run.",
          late: "It took too long, and was stopped.",
          flood: "The output has no end, so it was stopped.",
          lost: "Some packets were not recorded: run it once more.",
        },
        busy: "Another session is running: wait until it has ended.",
        gone: "The server does not answer: is cargo book still running?",
        book: "In the book",
        mine: "With my code",
        whyNot: (reason) =>
          `Sessions cannot be run with your code here: that takes Linux, and the right to a network namespace (${reason}). cargo grade doctor says what helps.`,
      };

  /** The server's own paths are not below a language. */
  const SESSIONS = `${path_to_root}${CHINESE ? "../" : ""}sessions`;

  function element(name, className, ...children) {
    const made = document.createElement(name);
    made.className = className;
    made.append(...children);
    return made;
  }

  function button(text, act) {
    const made = element("button", "ladder-button", text);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  }

  async function ask(name) {
    const answer = await fetch(`${SESSIONS}/${name}`, { method: "POST" });
    if (answer.status === 409) return { busy: true };
    return answer.ok ? answer.json() : { failed: await answer.text() };
  }

  /** A sentence about an outcome. */
  function summary({ busy, compiler, failed, late, stopped, isSame, differing }) {
    if (busy) return WORDS.busy;
    if (compiler !== undefined) return WORDS.compiler;
    if (failed !== undefined) return WORDS.failed;
    if (late !== undefined) return WORDS.late(late);
    if (isSame) return WORDS.same;
    const why = stopped ? [WORDS.stopped[stopped]] : [];
    if (!stopped || differing > 0) why.push(WORDS.differ(differing));
    return why.join(CHINESE ? "" : " ");
  }

  function side(name, { text, differing }) {
    const session = showSession(text, differing);
    drawLadder(session);
    const shown = element("div", "run-side", element("div", "run-name", name), session);
    shown.setAttribute("role", "group");
    shown.setAttribute("aria-label", name);
    return shown;
  }

  function addButton(session) {
    const status = element("output", "run-status");
    const close = button(WORDS.close, () => {
      clear();
      run.focus();
    });
    const run = button(WORDS.run, start);
    const bar = element("div", "run-bar", run, close, status);
    let result = null;

    function clear() {
      result?.remove();
      result = null;
      session.hidden = false;
      close.hidden = true;
      status.textContent = "";
    }

    async function start() {
      // Not `disabled`, which would lose the keys.
      if (run.ariaDisabled) return;
      clear();
      run.ariaDisabled = "true";
      status.textContent = WORDS.running;
      const outcome = await ask(session.dataset.name).catch(() => ({ failed: WORDS.gone }));
      run.ariaDisabled = null;
      const { book, came, compiler, failed } = outcome;
      if (book) {
        outcome.differing = Math.max(book.differing.length, came.differing.length);
        result = element("div", "run-pair", side(WORDS.book, book), side(WORDS.mine, came));
        session.hidden = true;
      } else if (compiler ?? failed) {
        result = element("pre", "run-words", compiler ?? failed);
        result.tabIndex = 0;
      }
      status.textContent = summary(outcome);
      if (result) bar.after(result);
      close.hidden = !result;
    }

    close.hidden = true;
    session.after(bar);
  }

  function addButtons() {
    const sessions = document.querySelectorAll(".session[data-name]");
    if (sessions.length === 0) return;
    fetch(SESSIONS)
      .then((answer) => answer.json())
      .then(({ whyNot }) => {
        for (const session of sessions) {
          if (whyNot === null) addButton(session);
          else session.after(element("p", "run-bar", WORDS.whyNot(whyNot)));
        }
      })
      // The server has ended since it sent this page.
      .catch(() => {});
  }

  // Then session.js and ladder.js have run.
  document.addEventListener("DOMContentLoaded", addButtons);
})();
