// Shows a terminal session (a code block in the language `session`) as what happens in each
// terminal, in the order of time. Without this script it stays the text that it is:
//
//     1 $ cargo run -p lesson-02              a command in terminal 1
//     1   listening on 127.0.0.1:9090         what it prints
//     2 $ nc 127.0.0.1 9090                   a command in terminal 2
//     2 > hello                               a line that is typed into it
//     2 ^C                                    a key
//     2 $                                     the prompt is back
//     1 $ python3 -c "                        a command that goes on, as a quote is open
//     1 > print(1)"
//     w  ESTABLISHED 50312 <- SYN, ACK ---    a packet, in the ladder of what goes over the wire
//     n the cable is pulled                   what the network is like from now on
(() => {
  "use strict";

  // What is no terminal, in the place of its number.
  const OTHERS = document.documentElement.lang.startsWith("zh")
    ? { w: "网络上的报文", n: "网络" }
    : { w: "On the wire", n: "The network" };

  const WORDS = document.documentElement.lang.startsWith("zh")
    ? {
        session: "终端会话",
        terminal: (number) => OTHERS[number] ?? `终端 ${number}`,
        copy: "复制",
        copyCommands: "复制命令",
        copied: "已复制",
      }
    : {
        session: "Terminal session",
        terminal: (number) => OTHERS[number] ?? `Terminal ${number}`,
        copy: "Copy",
        copyCommands: "Copy the commands",
        copied: "Copied",
      };

  const LINE = /^(?<terminal>\d)(?: (?<kind>[$>^ ]) ?(?<text>.*))?$/;

  /**
   * Runs of lines of one terminal: `[{ terminal, lines: [{ kind, text, differs }] }]`. Some lines
   * differ from another session, by their numbers.
   */
  function parse(session, differing) {
    const runs = [];
    for (const [number, line] of session.split("\n").entries()) {
      const { terminal, kind = " ", text = "" } = parseLine(line);
      if (terminal === undefined) continue;
      if (runs.at(-1)?.terminal !== terminal) runs.push({ terminal, lines: [] });
      const { lines } = runs.at(-1);
      const last = lines.at(-1);
      if (kind === ">" && last?.kind === "$" && isUnfinished(last.text)) {
        last.text += `\n${text}`;
      } else {
        lines.push({ kind, text, differs: differing.includes(number) });
      }
    }
    return runs;
  }

  function parseLine(line) {
    // A ladder has columns.
    if (/^[wn] /.test(line)) return { terminal: line[0], text: line.slice(2) };
    return LINE.exec(line)?.groups ?? {};
  }

  /** Whether a shell would ask for more of a command: without its strings, a quote is left. */
  function isUnfinished(command) {
    return /["']/.test(command.replace(/\\.|'[^']*'|"(?:\\.|[^"\\])*"/gs, ""));
  }

  function element(name, className, ...children) {
    const made = document.createElement(name);
    made.className = className;
    made.append(...children);
    return made;
  }

  function show(line) {
    const shown = showPlain(line);
    return line.differs ? [element("mark", "differs", ...shown)] : shown;
  }

  function showPlain({ kind, text }) {
    switch (kind) {
      case "$":
        return text
          .split("\n")
          .flatMap((line, i) => [
            element("span", "terminal-prompt", i === 0 ? "$ " : "> "),
            element("span", "terminal-command", line),
            "\n",
          ]);
      case ">":
        return [element("span", "terminal-input", text), "\n"];
      case "^":
        return [element("kbd", "terminal-key", `Ctrl-${text}`), "\n"];
      default:
        return [`${text}\n`];
    }
  }

  function terminal({ terminal, lines }) {
    const name = WORDS.terminal(terminal);
    const head = element("div", "terminal-head", element("span", "", name));
    const commands = lines.filter(({ kind, text }) => kind === "$" && text !== "");
    if (commands.length > 0) {
      const copy = element("button", "terminal-copy", WORDS.copy);
      copy.type = "button";
      copy.setAttribute("aria-label", `${WORDS.copyCommands} (${name})`);
      copy.dataset.commands = commands.map(({ text }) => text).join("\n");
      head.append(copy);
    }
    const screen = element("pre", "terminal-screen", ...lines.flatMap(show));
    const shown = element("div", "terminal", head, screen);
    shown.dataset.terminal = terminal;
    shown.setAttribute("role", "group");
    shown.setAttribute("aria-label", name);
    return shown;
  }

  function showSession(text, differing = []) {
    const session = element("div", "session", ...parse(text, differing).map(terminal));
    session.setAttribute("role", "group");
    session.setAttribute("aria-label", WORDS.session);
    return session;
  }

  for (const code of document.querySelectorAll("pre > code.language-session")) {
    const session = showSession(code.textContent);
    // Where the server can run it (see run.js).
    const name = /\bnamed-(\S+)/.exec(code.className)?.[1];
    if (name) session.dataset.name = name;
    code.parentElement.replaceWith(session);
  }

  // For run.js.
  globalThis.showSession = showSession;

  // mdBook's own library.
  const clipboard = new ClipboardJS(".terminal-copy", {
    text: (button) => button.dataset.commands,
  });
  clipboard.on("success", ({ trigger }) => {
    trigger.textContent = WORDS.copied;
    setTimeout(() => {
      trigger.textContent = WORDS.copy;
    }, 2000);
  });
})();
