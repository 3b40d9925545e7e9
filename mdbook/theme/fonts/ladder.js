// Draws what went over the wire in a session (the terminal "w" of session.js) as a ladder that
// can be stepped through: a packet, the states of both sides and the line that was typed before
// it light up together. Without this script the ladder is the text that it is drawn from:
//
//     ESTABLISHED 43118 <- SYN, ACK ---------------------------- 9090  SYN-RCVD
//                       (1.0 s later)
(() => {
  "use strict";

  const WORDS = document.documentElement.lang.startsWith("zh")
    ? {
        bar: "逐个查看报文",
        back: "上一个",
        next: "下一个",
        end: "结束",
        text: "文本",
        drawing: "图",
        packets: "报文",
        packet: (index, count) => `第 ${index} 个，共 ${count} 个`,
        sent: ({ from, to, what }) => `${from} 发给 ${to}：${what}`,
        state: (port, state) => `${port} 处于 ${state}`,
        and: "；",
        remarks: [
          [/^\((.+) ms later\)$/, "（$1 毫秒后）"],
          [/^\((.+) s later\)$/, "（$1 秒后）"],
          [/^\((\d+) more connections do the same\)$/, "（另有 $1 个连接也是这样）"],
          [/^(SYN, )?(\d+) bytes? "/, '$1$2 字节 "'],
          // They stand behind the bytes, whatever these are.
          [/(^|, )window (\d+)(?!.*")/, "$1窗口 $2"],
          [/, lost$/, ", 丢失"],
          [/, again(?=$|, 丢失$)/, ", 重发"],
          [/, probe(?=$|, )(?!.*")/, ", 探测"],
        ],
      }
    : {
        bar: "Step through the packets",
        back: "Previous",
        next: "Next",
        end: "End",
        text: "Text",
        drawing: "Drawing",
        packets: "Packets",
        packet: (index, count) => `${index} of ${count}`,
        sent: ({ from, to, what }) => `${from} to ${to}: ${what}`,
        state: (port, state) => `${port} is ${state}`,
        and: "; ",
        remarks: [],
      };

  const PACKET =
    /^ *(?:(?<left>[A-Z][A-Z0-9-]+) +)?(?<near>\d+) (?<head>--|<-) (?<what>.+) -+>? (?<far>\d+) *(?<right>[A-Z][A-Z0-9-]+)?$/;

  function element(name, className, ...children) {
    const made = document.createElement(name);
    made.className = className;
    made.append(...children);
    return made;
  }

  function button(className, text, act) {
    const made = element("button", className, text);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  }

  /** The state that a packet has brought, and the one that holds while it is looked at. */
  function state(changed, held) {
    const made = element("span", "ladder-state", changed);
    if (!changed) made.dataset.held = held;
    return made;
  }

  /** What a line says, in the language of the page. */
  const say = (text) =>
    WORDS.remarks.reduce((said, [english, words]) => said.replace(english, words), text);

  /** What kind of packet it is, for its colour. */
  function kind(what) {
    if (/^RST/.test(what)) return "rst";
    if (/\d+ bytes? "/.test(what)) return "data";
    return /SYN|FIN/.test(what) ? "flag" : "ack";
  }

  /**
   * A line of the ladder: `{ row }`, and for a packet `step`, with what is said when it is
   * reached. `held` has the state that each side of a connection is in.
   */
  function draw(line, held) {
    const found = PACKET.exec(line)?.groups;
    if (!found) return { row: element("li", "ladder-remark", say(line.trim())) };
    const { left = "", near, head, what, far, right = "" } = found;
    const connection = `${near} ${far}`;
    const begins = left === "SYN-SENT";
    const before = begins ? undefined : held.get(connection);
    const states = [left || before?.[0] || "", right || before?.[1] || ""];
    held.set(connection, states);
    const toRight = head === "--";
    const way = element("span", "ladder-way", element("span", "ladder-what", say(what)));
    const row = element(
      "li",
      "ladder-packet",
      state(left, states[0]),
      element("span", "ladder-port", near),
      way,
      element("span", "ladder-port", far),
      state(right, states[1]),
    );
    row.dataset.kind = kind(what);
    row.dataset.way = toRight ? "right" : "left";
    const said = [
      WORDS.sent({ from: toRight ? near : far, to: toRight ? far : near, what: say(what) }),
      ...(states[0] ? [WORDS.state(near, states[0])] : []),
      ...(states[1] ? [WORDS.state(far, states[1])] : []),
    ];
    return { row, step: { row, said: said.join(WORDS.and) } };
  }

  /** Draws one part of the ladder, and returns its steps. */
  function drawPart(part, cause, held) {
    const screen = part.querySelector(".terminal-screen");
    const drawn = [...screen.childNodes]
      .filter(({ textContent }) => textContent.trim() !== "")
      .map((line) => {
        const made = draw(line.textContent.replace("\n", ""), held);
        made.row.classList.toggle("differs", line.nodeName === "MARK");
        return made;
      });
    const rows = element("ol", "ladder-rows", ...drawn.map(({ row }) => row));
    rows.setAttribute("aria-label", WORDS.packets);
    screen.hidden = true;
    screen.after(rows);
    return drawn.flatMap(({ step }) => (step ? [{ ...step, cause }] : []));
  }

  /** What was typed last before a part of the ladder. */
  function typedBefore(part) {
    let before = part.previousElementSibling;
    while (before) {
      const typed = before.querySelectorAll(".terminal-command, .terminal-input, .terminal-key");
      if (typed.length > 0) return typed[typed.length - 1];
      before = before.previousElementSibling;
    }
    return null;
  }

  /** Ends what is being stepped through: one session at a time. */
  let stop = null;

  /** The bar above the first part, by which all steps of a session are gone through. */
  function addBar(parts, steps) {
    let now = -1;
    const status = element("output", "ladder-status");
    const back = button("ladder-button", WORDS.back, () => go(now - 1));
    const next = button("ladder-button", WORDS.next, () => go(now + 1));
    const swap = button("ladder-button", WORDS.text, () => {
      const drawing = swap.textContent === WORDS.drawing;
      if (!drawing) go(-1);
      swap.textContent = drawing ? WORDS.text : WORDS.drawing;
      for (const part of parts) {
        part.querySelector(".terminal-screen").hidden = drawing;
        part.querySelector(".ladder-rows").hidden = !drawing;
      }
      next.disabled = !drawing;
    });
    const end = button("ladder-button", WORDS.end, () => {
      go(-1);
      next.focus();
    });
    end.hidden = true;
    const bar = element("div", "ladder-bar", back, next, swap, end, status);
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", WORDS.bar);
    back.disabled = true;

    const stopThis = () => go(-1);

    function go(step) {
      if (step >= 0 && stop !== stopThis) {
        stop?.();
        stop = stopThis;
      }
      now = Math.max(-1, Math.min(step, steps.length - 1));
      steps.forEach(({ row, cause }, index) => {
        row.classList.toggle("ladder-now", index === now);
        row.classList.toggle("ladder-later", now >= 0 && index > now);
        if (index === now) row.setAttribute("aria-current", "step");
        else row.removeAttribute("aria-current");
        cause?.classList.remove("ladder-cause");
      });
      bar.classList.toggle("ladder-stepping", now >= 0);
      end.hidden = now < 0;
      const { row, said, cause } = steps[now] ?? {};
      cause?.classList.add("ladder-cause");
      row?.scrollIntoView({ block: "nearest" });
      status.textContent = said ? `${WORDS.packet(now + 1, steps.length)}: ${said}` : "";
      back.disabled = now < 0;
      next.disabled = now === steps.length - 1;
      // A button that cannot be used any more would lose the keys.
      if (document.activeElement === back && back.disabled) next.focus();
      if (document.activeElement === next && next.disabled) back.focus();
    }

    steps.forEach(({ row }, index) => {
      row.addEventListener("click", () => go(index));
    });
    bar.addEventListener("keydown", (event) => {
      const way = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
      if (!way || swap.textContent === WORDS.drawing) return;
      // mdBook turns pages with them.
      event.stopPropagation();
      event.preventDefault();
      go(now + way);
    });
    parts[0].before(element("div", "ladder-place", bar));
  }

  function drawLadder(session) {
    const parts = [...session.querySelectorAll('.terminal[data-terminal="w"]')];
    const held = new Map();
    const steps = parts.flatMap((part) => drawPart(part, typedBefore(part), held));
    if (steps.length > 0) addBar(parts, steps);
  }

  document.querySelectorAll(".session").forEach(drawLadder);
  // For run.js.
  globalThis.drawLadder = drawLadder;
})();
