// <two-tanks>: a model of the send buffer and the receive buffer to play with.
//
// In a chapter (what is inside is for readers without scripts):
//
//     <two-tanks>
//
//     Some text in Markdown.
//
//     </two-tanks>
//
// Its words are Chinese where the closest `lang` begins with `zh`, else English.
//
// Hooks for tests. Controls, all native:
//     button    data-action = write, read, deliver, reset
//     select    data-action = write-size, read-size, send-buffer-size, receive-buffer-size
//     checkbox  data-action = blocking, by-hand, hold-acks
// Numbers, plain digits as text:
//     data-value = accepted, read, send-buffer, receive-buffer, counted-twice,
//                  window, in-hand, send-buffer-room
//     (`counted-twice` is in a part that is hidden while it is 0)
// Text:
//     data-value = status (aria-live), writer ("ready" or "blocked" in the page's language)
// State, on the <two-tanks> itself:
//     data-writer = ready | blocked     data-window = open | closed
//     data-network = running | by-hand  data-acks = coming | held
//
// In Node, `require` of this file gives { Tanks }. In a page nothing global is made.
(() => {
  "use strict";

  /**
   * One direction of a connection, counted in bytes since it began.
   *
   *     writer's hands | send buffer | network | receive buffer | reader
   *
   * What has arrived stays in the send buffer too until it is acknowledged. An
   * acknowledgement also carries the edge: the count of bytes up to which the sender may
   * send. An edge that was announced is never taken back.
   */
  class Tanks {
    constructor({ sendBuffer = 8192, receiveBuffer = 8192, segment = 1024 } = {}) {
      this.sendBuffer = sendBuffer;
      this.receiveBuffer = receiveBuffer;
      this.segment = segment;
      this.blocking = true;
      this.acksHeld = false;
      /** Taken from the writer by the kernel. */
      this.accepted = 0;
      /** Put into the receive buffer. */
      this.arrived = 0;
      /** Known to the sender to have arrived: gone from the send buffer. */
      this.acknowledged = 0;
      /** Taken out by the reader. */
      this.readSoFar = 0;
      /** What a blocked write has not handed over yet. */
      this.inHand = 0;
      /** The edge that the receiver has announced. */
      this.announced = receiveBuffer;
      /** The edge that the sender knows: that of the last acknowledgement that has come. */
      this.edge = receiveBuffer;
    }

    get inSendBuffer() {
      return this.accepted - this.acknowledged;
    }

    get inReceiveBuffer() {
      return this.arrived - this.readSoFar;
    }

    /** In the send buffer although it has arrived: the acknowledgement is still to come. */
    get countedTwice() {
      return this.arrived - this.acknowledged;
    }

    /** Free space of the send buffer. */
    get room() {
      return Math.max(0, this.sendBuffer - this.inSendBuffer);
    }

    /** How much the sender may still send. */
    get window() {
      return this.edge - this.arrived;
    }

    /** Room of the receive buffer that the receiver has not announced yet. */
    get unannounced() {
      return Math.max(0, this.readSoFar + this.receiveBuffer - this.announced);
    }

    get blocked() {
      return this.inHand > 0;
    }

    /**
     * Returns how many bytes the kernel took at once. A blocking write keeps the rest in
     * hand; one that does not block lets go of it. Undefined while a write is blocked.
     */
    write(length) {
      if (this.blocked) return undefined;
      const taken = Math.min(length, this.room);
      this.accepted += taken;
      if (this.blocking) this.inHand = length - taken;
      this.check();
      return taken;
    }

    /** Returns how many bytes the reader got: at most `length`, 0 if it would have to wait. */
    read(length) {
      const got = Math.min(length, this.inReceiveBuffer);
      this.readSoFar += got;
      this.settle();
      return got;
    }

    /** Carries one segment, if there is one and the window is open. Returns its length. */
    step() {
      const length = Math.min(this.segment, this.accepted - this.arrived, this.window);
      this.arrived += length;
      this.settle();
      return length;
    }

    /** Carries segments until no more may go. Returns how many bytes have moved. */
    run() {
      this.settle();
      let moved = 0;
      for (let length = this.step(); length > 0; length = this.step()) moved += length;
      return moved;
    }

    /** Lets acknowledgements come, and a blocked writer hand over what fits. */
    settle() {
      // RFC 9293, 3.8.6.2.2: new room is announced when it is worth a segment, or half the
      // buffer. Otherwise a reader of single bytes would get segments of single bytes.
      const worth = Math.min(this.segment, Math.ceil(this.receiveBuffer / 2));
      if (this.unannounced >= worth) this.announced += this.unannounced;
      if (!this.acksHeld) {
        this.acknowledged = this.arrived;
        this.edge = this.announced;
      }
      const taken = Math.min(this.inHand, this.room);
      this.inHand -= taken;
      this.accepted += taken;
      this.check();
    }

    /** Throws if a byte was lost or made up. */
    check() {
      const order = [0, this.acknowledged, this.arrived, this.accepted];
      const edges = [this.arrived, this.edge, this.announced];
      const sum = this.readSoFar + this.inSendBuffer + this.inReceiveBuffer - this.countedTwice;
      const holds =
        order.every((count, i) => Number.isInteger(count) && (i === 0 || order[i - 1] <= count)) &&
        edges.every((edge, i) => i === 0 || edges[i - 1] <= edge) &&
        Number.isInteger(this.readSoFar) &&
        0 <= this.readSoFar &&
        this.readSoFar <= this.arrived &&
        0 <= this.inHand &&
        sum === this.accepted;
      if (!holds) throw new Error(`two-tanks: the counts do not add up: ${JSON.stringify(this)}`);
    }
  }

  const ENGLISH = {
    title: "Two tanks: a model to play with",
    write: "Write",
    read: "Read",
    writeSize: "bytes to write",
    readSize: "bytes to read",
    deliver: "Deliver one segment",
    reset: "Start over",
    sendBufferSize: "send buffer size",
    receiveBufferSize: "receive buffer size",
    blocking: "writer blocks when the send buffer is full",
    byHand: "network by hand, one segment at a time",
    holdAcks: "hold acknowledgements back",
    accepted: "accepted",
    readSoFar: "read",
    sendBuffer: "send buffer",
    receiveBuffer: "receive buffer",
    countedTwice: "counted twice",
    window: "window",
    room: "free in the send buffer",
    inHand: "still in the writer’s hands",
    writer: "writer",
    reader: "reader",
    ready: "ready",
    isBlocked: "blocked",
    network: "network",
    open: "open",
    closed: "closed",
    of: (level, size) => `${level} of ${size}`,
    hand: (bytes) => `in hand: ${bytes}`,
    got: (bytes) => `read: ${bytes}`,
    start: "Nothing has been written yet. Write until the writer is blocked; then read.",
    started: "A new connection: both buffers are empty.",
    wroteAll: (asked) => `write ${asked}: the kernel took all of it, and write returned.`,
    wroteSome: (asked, taken) => `write ${asked}: the kernel took ${taken}, and write returned ${taken}.`,
    wroteNone: (asked) => `write ${asked}: the send buffer is full. A write that does not block returns an error, WouldBlock.`,
    wroteBlocked: (asked, taken, left) =>
      `write ${asked}: the kernel took ${taken}. The writer is blocked, with ${left} bytes still in its hands.`,
    stillBlocked: (left) =>
      `The writer is blocked inside its write, with ${left} bytes still in its hands: it cannot begin another one.`,
    gotSome: (asked, got) => `read ${asked}: the reader got ${got} bytes.`,
    gotNone: (asked) => `read ${asked}: the receive buffer is empty. A read would wait here.`,
    moved: (bytes) => `${bytes} bytes went over the network into the receive buffer.`,
    tookMore: (bytes, left) => `The kernel took ${bytes} more; ${left} are still in the writer’s hands.`,
    returned: (bytes) => `The kernel took the last ${bytes}: the writer’s write returned.`,
    windowClosed: "The window is closed: the sender stops.",
    windowOpened: (bytes) => `The window is open again, ${bytes} bytes wide.`,
    tooLittle: (bytes) => `The receiver has ${bytes} bytes of new room, and does not announce so little.`,
    unheard: (bytes) => `The receiver has ${bytes} bytes of new room; the acknowledgement that says so is held back.`,
    acknowledged: (bytes) => `${bytes} bytes were acknowledged and left the send buffer.`,
    kept: (bytes) => `${bytes} bytes have arrived and stay in the send buffer until they are acknowledged.`,
    nothing: "Nothing to deliver: the send buffer holds nothing that has not arrived.",
    mayNot: "Nothing may be delivered: the window is closed.",
    sendSized: (size) => `The send buffer now has ${size} bytes.`,
    receiveSized: (size) => `The receive buffer now has ${size} bytes.`,
    blockingOn: "From the next write on, the writer blocks when the send buffer is full.",
    blockingOff: "From the next write on, the writer does not block: write takes what fits and returns.",
    handOn: "The network waits for you: deliver one segment at a time.",
    handOff: "The network runs by itself.",
    acksOn: "Acknowledgements are held back: what arrives stays in the send buffer too.",
    acksOff: "Acknowledgements come again.",
    join: " ",
    caption:
      "The model is simpler than a kernel. A buffer here holds just its size in bytes; Linux counts its own " +
      "bookkeeping too. A segment is at most 1024 bytes, none is lost, and nothing limits the sender but the window. " +
      "As real kernels do, the receiver announces new room when it is worth a segment or half the buffer, and never " +
      "takes back what it has announced. While acknowledgements are not held back, bytes leave the send buffer the moment they " +
      "arrive. A blocked writer goes on at the first free byte; Linux wakes it when a good part of the buffer is free.",
  };

  const CHINESE = {
    title: "两个水箱：可以动手的模型",
    write: "写入",
    read: "读取",
    writeSize: "写入字节数",
    readSize: "读取字节数",
    deliver: "传送一个报文段",
    reset: "重新开始",
    sendBufferSize: "发送缓冲区大小",
    receiveBufferSize: "接收缓冲区大小",
    blocking: "发送缓冲区满时，写入方阻塞",
    byHand: "手动传送，每次一个报文段",
    holdAcks: "扣住确认（ACK）",
    accepted: "内核已收下",
    readSoFar: "已读出",
    sendBuffer: "发送缓冲区",
    receiveBuffer: "接收缓冲区",
    countedTwice: "重复计数",
    window: "窗口",
    room: "发送缓冲区空闲",
    inHand: "还在写入方手里",
    writer: "写入方",
    reader: "读取方",
    ready: "就绪",
    isBlocked: "阻塞",
    network: "网络",
    open: "打开",
    closed: "关闭",
    of: (level, size) => `${level} / ${size}`,
    hand: (bytes) => `手里：${bytes}`,
    got: (bytes) => `已读出：${bytes}`,
    start: "还没有写入任何数据。先一直写到写入方阻塞，然后再读。",
    started: "新的连接：两个缓冲区都是空的。",
    wroteAll: (asked) => `write ${asked}：内核全部收下，write 返回。`,
    wroteSome: (asked, taken) => `write ${asked}：内核只收下 ${taken} 字节，write 返回 ${taken}。`,
    wroteNone: (asked) => `write ${asked}：发送缓冲区已满。非阻塞的 write 返回错误 WouldBlock。`,
    wroteBlocked: (asked, taken, left) =>
      `write ${asked}：内核收下 ${taken} 字节。写入方阻塞，手里还有 ${left} 字节。`,
    stillBlocked: (left) => `写入方还阻塞在上一次 write 里，手里还有 ${left} 字节，不能再发起新的 write。`,
    gotSome: (asked, got) => `read ${asked}：读到 ${got} 字节。`,
    gotNone: (asked) => `read ${asked}：接收缓冲区是空的，阻塞的 read 会在这里等待。`,
    moved: (bytes) => `${bytes} 字节经网络进入接收缓冲区。`,
    tookMore: (bytes, left) => `内核又收下 ${bytes} 字节，写入方手里还有 ${left} 字节。`,
    returned: (bytes) => `内核收下最后 ${bytes} 字节，写入方的 write 返回。`,
    windowClosed: "窗口关闭，发送方停止发送。",
    windowOpened: (bytes) => `窗口重新打开，大小为 ${bytes} 字节。`,
    tooLittle: (bytes) => `接收方新腾出 ${bytes} 字节，太少，先不通告。`,
    unheard: (bytes) => `接收方新腾出 ${bytes} 字节，但通告它的确认被扣住了。`,
    acknowledged: (bytes) => `${bytes} 字节得到确认，离开发送缓冲区。`,
    kept: (bytes) => `有 ${bytes} 字节已经到达，但在得到确认之前仍留在发送缓冲区里。`,
    nothing: "没有可传送的数据：发送缓冲区里没有尚未到达对端的字节。",
    mayNot: "不能传送：窗口已关闭。",
    sendSized: (size) => `发送缓冲区现在是 ${size} 字节。`,
    receiveSized: (size) => `接收缓冲区现在是 ${size} 字节。`,
    blockingOn: "从下一次 write 起，发送缓冲区满时写入方会阻塞。",
    blockingOff: "从下一次 write 起，写入方不再阻塞：放得下多少就收下多少，立即返回。",
    handOn: "网络等你操作：每次传送一个报文段。",
    handOff: "网络自动运行。",
    acksOn: "确认被扣住：到达的数据同时还留在发送缓冲区里。",
    acksOff: "确认恢复。",
    join: "",
    caption:
      "这个模型比内核简单。这里缓冲区有多大就装多少字节，Linux 则把自己的管理开销也算在内；" +
      "一个报文段最多 1024 字节，从不丢失；除窗口外没有别的限制。和真正的内核一样，接收方新腾出的空间" +
      "够一个报文段或者缓冲区的一半，才通告给发送方；已经通告的不会收回。" +
      "没有扣住确认时，字节一到达就离开发送缓冲区。只要空出一个字节，阻塞的写入方就继续；" +
      "Linux 则要等缓冲区空出相当一部分才唤醒它。",
  };

  const AMOUNTS = [512, 1024, 2048, 4096, 8192, 16384];
  const SIZES = [2048, 4096, 8192, 12288, 16384];

  // The drawing, in units of its viewBox. Both tanks have one scale, and stand on one floor.
  const FLOOR = 216;
  const UNITS_PER_BYTE = 120 / 16384;
  const PIPE = 18;

  if (typeof module === "object" && module.exports) {
    module.exports = { Tanks };
  }
  if (typeof customElements === "undefined") return;

  class TwoTanks extends HTMLElement {
    #tanks = new Tanks();
    #words = ENGLISH;
    #parts = new Map();

    connectedCallback() {
      if (this.#parts.size > 0) return;
      const language = this.closest("[lang]")?.lang ?? "";
      this.#words = /^zh\b/i.test(language) ? CHINESE : ENGLISH;
      this.innerHTML = page(this.#words);
      for (const part of this.querySelectorAll("[data-action], [data-value], [data-part]")) {
        const { action, value, part: name } = part.dataset;
        this.#parts.set(action ? `action:${action}` : value ? `value:${value}` : name, part);
      }
      this.addEventListener("click", (event) => {
        const action = event.target.closest("button[data-action]")?.dataset.action;
        if (action) this.#press(action);
      });
      this.addEventListener("change", (event) => this.#press(event.target.dataset.action));
      // The book turns its pages with the arrow keys, and opens the search with letters.
      this.addEventListener("keydown", (event) => {
        const turns = event.key === "ArrowLeft" || event.key === "ArrowRight";
        if (turns || event.target.matches("select")) event.stopPropagation();
      });
      this.#forget();
      this.#show(this.#words.start);
    }

    #control(action) {
      return this.#parts.get(`action:${action}`);
    }

    #number(action) {
      return Number(this.#control(action).value);
    }

    /** A new connection with what the controls say. (Browsers restore them on reload.) */
    #forget() {
      this.#tanks = new Tanks({
        sendBuffer: this.#number("send-buffer-size"),
        receiveBuffer: this.#number("receive-buffer-size"),
      });
      this.#tanks.blocking = this.#control("blocking").checked;
      this.#tanks.acksHeld = this.#control("hold-acks").checked;
    }

    #press(action) {
      const tanks = this.#tanks;
      const words = this.#words;
      const before = { ...tanks, window: tanks.window, blocked: tanks.blocked };
      const said = [];
      let writing = false;
      let asked = 0;
      let result = 0;
      switch (action) {
        case "write":
          asked = this.#number("write-size");
          result = tanks.write(asked);
          if (result === undefined) said.push(words.stillBlocked(tanks.inHand));
          else writing = true;
          break;
        case "read":
          asked = this.#number("read-size");
          result = tanks.read(asked);
          said.push(result > 0 ? words.gotSome(asked, result) : words.gotNone(asked));
          break;
        case "deliver":
          if (tanks.accepted === tanks.arrived) said.push(words.nothing);
          else if (tanks.window === 0) said.push(words.mayNot);
          else tanks.step();
          break;
        case "send-buffer-size":
        case "receive-buffer-size":
          // Before the first byte, it is as if the size had been set before connecting.
          if (tanks.accepted === 0) this.#forget();
          else if (action === "send-buffer-size") tanks.sendBuffer = this.#number(action);
          else tanks.receiveBuffer = this.#number(action);
          said.push((action === "send-buffer-size" ? words.sendSized : words.receiveSized)(this.#number(action)));
          break;
        case "blocking":
          tanks.blocking = this.#control(action).checked;
          said.push(tanks.blocking ? words.blockingOn : words.blockingOff);
          break;
        case "by-hand":
          said.push(this.#control(action).checked ? words.handOn : words.handOff);
          break;
        case "hold-acks":
          tanks.acksHeld = this.#control(action).checked;
          said.push(tanks.acksHeld ? words.acksOn : words.acksOff);
          break;
        case "reset":
          this.#forget();
          this.#show(words.started);
          return;
        default:
          return;
      }
      const opened = before.window === 0 ? tanks.window : 0;
      // Whatever happened may have made room: the rest follows by itself.
      if (this.#control("by-hand").checked) tanks.settle();
      else tanks.run();

      const taken = tanks.accepted - before.accepted;
      const left = tanks.inHand;
      if (writing) {
        if (left > 0) said.push(words.wroteBlocked(asked, taken, left));
        else if (taken === asked) said.push(words.wroteAll(asked));
        else if (taken > 0) said.push(words.wroteSome(asked, taken));
        else said.push(words.wroteNone(asked));
      }
      const moved = tanks.arrived - before.arrived;
      if (opened > 0) said.push(words.windowOpened(opened));
      if (moved > 0) {
        said.push(words.moved(moved));
        if (tanks.acksHeld) said.push(words.kept(tanks.countedTwice));
      }
      const freed = tanks.acknowledged - before.acknowledged;
      if (freed > moved) said.push(words.acknowledged(freed));
      if (before.blocked && taken > 0) {
        said.push(left > 0 ? words.tookMore(taken, left) : words.returned(taken));
      }
      if (tanks.window === 0 && (before.window > 0 || opened > 0)) said.push(words.windowClosed);
      if (result > 0 && !writing) {
        if (tanks.announced > tanks.edge) said.push(words.unheard(tanks.announced - tanks.edge));
        else if (tanks.unannounced > 0) said.push(words.tooLittle(tanks.unannounced));
      }
      this.#show(said.join(words.join));
      if (moved > 0) this.#flow();
    }

    /** Lets the pipe light up, for those who have nothing against motion. */
    #flow() {
      if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
      this.#parts.get("flow").animate([{ opacity: 1 }, { opacity: 1, offset: 0.4 }, { opacity: 0 }], 900);
    }

    #show(status) {
      const tanks = this.#tanks;
      const words = this.#words;
      const say = (name, text) => {
        this.#parts.get(name).textContent = text;
      };
      say("value:accepted", tanks.accepted);
      say("value:read", tanks.readSoFar);
      say("value:send-buffer", tanks.inSendBuffer);
      say("value:receive-buffer", tanks.inReceiveBuffer);
      say("value:counted-twice", tanks.countedTwice);
      say("value:window", tanks.window);
      say("value:in-hand", tanks.inHand);
      say("value:send-buffer-room", tanks.room);
      say("value:writer", tanks.blocked ? words.isBlocked : words.ready);
      say("value:status", status);
      this.#parts.get("twice").hidden = tanks.countedTwice === 0;

      const byHand = this.#control("by-hand").checked;
      this.#control("deliver").disabled = !byHand;
      this.dataset.writer = tanks.blocked ? "blocked" : "ready";
      this.dataset.window = tanks.window > 0 ? "open" : "closed";
      this.dataset.network = byHand ? "by-hand" : "running";
      this.dataset.acks = tanks.acksHeld ? "held" : "coming";

      const fill = (name, bottom, bytes) => {
        const part = this.#parts.get(name);
        const height = bytes * UNITS_PER_BYTE;
        part.setAttribute("y", bottom - height);
        part.setAttribute("height", height);
        return bottom - height;
      };
      const sendRim = fill("send-tank", FLOOR, tanks.sendBuffer) - 4;
      const receiveRim = fill("receive-tank", FLOOR, tanks.receiveBuffer) - 4;
      this.#parts.get("way-in").setAttribute("d", `M58 68 V${sendRim} m-5 -7 l5 7 l5 -7`);
      this.#parts.get("way-out").setAttribute("d", `M246 ${receiveRim} V70 m-5 7 l5 -7 l5 7`);
      const kept = fill("send-kept", FLOOR, tanks.countedTwice);
      fill("send-level", kept, tanks.inSendBuffer - tanks.countedTwice);
      fill("receive-level", FLOOR, tanks.inReceiveBuffer);
      // The valve is as far open as the window.
      const share = Math.min(1, tanks.window / tanks.receiveBuffer);
      this.#parts.get("gate").setAttribute("height", PIPE * (1 - share));
      say("draw-writer", tanks.blocked ? words.isBlocked : words.ready);
      say("draw-hand", words.hand(tanks.inHand));
      say("draw-read", words.got(tanks.readSoFar));
      say("draw-window", tanks.window);
      say("draw-valve", tanks.window > 0 ? words.open : words.closed);
      say("draw-send", words.of(tanks.inSendBuffer, tanks.sendBuffer));
      say("draw-receive", words.of(tanks.inReceiveBuffer, tanks.receiveBuffer));
    }
  }

  function page(words) {
    const options = (choices, chosen) =>
      choices.map((n) => `<option value="${n}"${n === chosen ? " selected" : ""}>${n}</option>`).join("");
    const select = (action, label, choices, chosen) =>
      `<label><span>${label}</span><select data-action="${action}">${options(choices, chosen)}</select></label>`;
    const check = (action, label, checked) =>
      `<label><input type="checkbox" data-action="${action}"${checked ? " checked" : ""}><span>${label}</span></label>`;
    const button = (action, label) => `<button type="button" data-action="${action}">${label}</button>`;
    const value = (name, label) =>
      `<span class="two-tanks-term">${label} <span data-value="${name}">0</span></span>`;
    return `<section class="two-tanks-frame" aria-label="${words.title}">
${drawing(words)}
<div class="two-tanks-pair">
<div class="two-tanks-act">${select("write-size", words.writeSize, AMOUNTS, 4096)}${button("write", words.write)}</div>
<div class="two-tanks-act">${select("read-size", words.readSize, AMOUNTS, 4096)}${button("read", words.read)}</div>
${button("deliver", words.deliver)}
${button("reset", words.reset)}
</div>
<p class="two-tanks-status" role="status" aria-live="polite" data-value="status"></p>
<p class="two-tanks-sum">${value("accepted", words.accepted)} = ${value("read", words.readSoFar)} + ${value("send-buffer", words.sendBuffer)} + ${value("receive-buffer", words.receiveBuffer)}<span data-part="twice" hidden> − ${value("counted-twice", words.countedTwice)}</span></p>
<p class="two-tanks-more">${value("window", words.window)} ${value("send-buffer-room", words.room)} <span class="two-tanks-term">${words.writer} <span data-value="writer">${words.ready}</span></span> ${value("in-hand", words.inHand)}</p>
<div class="two-tanks-checks">
${check("by-hand", words.byHand, false)}
${check("hold-acks", words.holdAcks, false)}
${check("blocking", words.blocking, true)}
</div>
<div class="two-tanks-pair">
${select("send-buffer-size", words.sendBufferSize, SIZES, 8192)}
${select("receive-buffer-size", words.receiveBufferSize, SIZES, 8192)}
</div>
<p class="two-tanks-caption">${words.caption}</p>
</section>`;
  }

  /** For the eye only: every number in it is also in the text below it. */
  function drawing(words) {
    const text = (x, y, content, part, bold = false) =>
      `<text x="${x}" y="${y}"${bold ? ' font-weight="bold"' : ""}${part ? ` data-part="${part}"` : ""}>${content}</text>`;
    const program = (x, name) =>
      `<rect class="two-tanks-line two-tanks-${name}" x="${x}" y="4" width="112" height="64" rx="6"/>`;
    const box = (name, x, kind) =>
      `<rect class="two-tanks-${kind}" data-part="${name}" x="${x}" y="${FLOOR}" width="112" height="0"/>`;
    const top = FLOOR - PIPE;
    return `<svg class="two-tanks-drawing" viewBox="0 0 304 ${FLOOR + 44}" aria-hidden="true" focusable="false">
${program(2, "writer")}${program(190, "reader")}
${text(58, 23, words.writer, "", true)}${text(58, 41, "", "draw-writer")}${text(58, 59, "", "draw-hand")}
${text(246, 32, words.reader, "", true)}${text(246, 50, "", "draw-read")}
<path class="two-tanks-line" data-part="way-in"/><path class="two-tanks-line" data-part="way-out"/>
<rect class="two-tanks-flow" data-part="flow" x="114" y="${top}" width="76" height="${PIPE}"/>
<path class="two-tanks-line" d="M114 ${top} H190 M114 ${FLOOR} H190"/>
${box("send-level", 2, "water")}${box("send-kept", 2, "kept")}${box("receive-level", 190, "water")}
${box("send-tank", 2, "line")}${box("receive-tank", 190, "line")}
<rect class="two-tanks-gate" data-part="gate" x="146" y="${top}" width="12" height="0"/>
<path class="two-tanks-line" d="M152 ${top} v-10 M142 ${top - 10} h20"/>
${text(152, top - 56, words.window)}${text(152, top - 38, "", "draw-window", true)}${text(152, top - 20, "", "draw-valve")}
${text(152, FLOOR + 19, words.network)}
${text(58, FLOOR + 19, words.sendBuffer)}${text(58, FLOOR + 37, "", "draw-send", true)}
${text(246, FLOOR + 19, words.receiveBuffer)}${text(246, FLOOR + 37, "", "draw-receive", true)}
</svg>`;
  }

  const define = () => {
    if (!customElements.get("two-tanks")) customElements.define("two-tanks", TwoTanks);
  };
  // Not before the text inside the tag has been read: it is to be replaced as a whole.
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", define);
  else define();
})();
