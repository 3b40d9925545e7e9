"use strict";
{
    const table = document.getElementById("marks");
    const body = table.tBodies[0];
    const rows = [...body.rows];

    // Sorting: by name upwards first, by total downwards first.
    const names = new Intl.Collator(document.documentElement.lang, { numeric: true });
    const headers = [...table.querySelectorAll("[data-sort]")];
    const sort = (header) => {
        const column = headers.indexOf(header);
        const other = { ascending: "descending", descending: "ascending" };
        const now = header.getAttribute("aria-sort");
        const order = now === null ? header.dataset.sort : other[now];
        for (const it of headers) it.removeAttribute("aria-sort");
        header.setAttribute("aria-sort", order);
        const text = (row) => row.cells[column].textContent;
        rows.sort((a, b) => (order === "ascending" ? 1 : -1) * names.compare(text(a), text(b)));
        body.append(...rows);
    };
    for (const header of headers) {
        const button = Object.assign(document.createElement("button"), { type: "button" });
        button.append(...header.childNodes);
        button.addEventListener("click", () => sort(header));
        header.append(button);
    }

    // Filtering
    document.querySelector(".tools").hidden = false;
    const filter = document.getElementById("filter");
    const count = document.getElementById("count");
    const show = () => {
        const wanted = filter.value.trim().toLowerCase();
        for (const row of rows) {
            row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
        }
        const numbers = [rows.filter((row) => !row.hidden).length, rows.length];
        count.textContent = count.dataset.words.replaceAll("{}", () => numbers.shift());
    };
    filter.addEventListener("input", show);
    show();

    // One of the thousands of cells is where Tab stops; arrow keys go on from there.
    const links = [...body.querySelectorAll("a")];
    for (const link of links) link.tabIndex = -1;
    let current = links[0];
    if (current) current.tabIndex = 0;
    const start = (cell) => {
        let column = 0;
        for (let it = cell.previousElementSibling; it; it = it.previousElementSibling) {
            column += it.colSpan;
        }
        return column;
    };
    /** The link in the nearest cell of a row that has one: at this column, or before it. */
    const at = (row, column) => {
        const before = [...row.cells].filter((cell) => start(cell) <= column);
        return before.reverse().find((cell) => cell.querySelector("a"))?.querySelector("a");
    };
    const beside = (link, step) => {
        const all = [...link.closest("tr").querySelectorAll("a")];
        return all[all.indexOf(link) + step];
    };
    const above = (link, step) => {
        const shown = [...body.rows].filter((row) => !row.hidden);
        const row = shown[shown.indexOf(link.closest("tr")) + step];
        return row && at(row, start(link.closest("td, th")));
    };
    const ends = (link, end) => [...link.closest("tr").querySelectorAll("a")].at(end);
    const keys = {
        ArrowLeft: (link) => beside(link, -1),
        ArrowRight: (link) => beside(link, 1),
        ArrowUp: (link) => above(link, -1),
        ArrowDown: (link) => above(link, 1),
        Home: (link) => ends(link, 0),
        End: (link) => ends(link, -1),
    };
    body.addEventListener("keydown", (event) => {
        const link = event.target.closest("a");
        const modified = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
        if (!link || modified || !Object.hasOwn(keys, event.key)) return;
        event.preventDefault();
        keys[event.key](link)?.focus();
    });

    // What a cell has to tell, below the table.
    const peek = document.getElementById("peek");
    peek.hidden = false;
    const { colon } = peek.dataset;
    const told = new Map();
    for (const way of document.querySelectorAll(".way")) {
        for (const link of way.getElementsByTagName("a")) told.set(link.getAttribute("href"), way);
    }
    const line = (...parts) => {
        const p = document.createElement("p");
        p.append(...parts);
        return p;
    };
    const bold = (text) => Object.assign(document.createElement("b"), { textContent: text });
    const tell = (link) => {
        const name = link.closest("tr").cells[0].textContent.trim();
        const href = link.getAttribute("href");
        const place = href.split("#")[1];
        const check = document.getElementById(`c${place}`)?.querySelector("summary");
        const exercise = document.getElementById(`e${place}`);
        // A check's number and its title, without its figures.
        const title = check
            ? [...check.childNodes].slice(0, 2).map((it) => it.textContent).join("")
            : exercise?.textContent;
        const result = link.closest("td") && (link.ariaLabel ?? link.textContent);
        const lines = [line(bold(name)), line([title?.trim(), result].filter(Boolean).join(colon))];
        if (link.title) lines.push(line(link.title));
        const way = told.get(href);
        for (const term of way?.querySelectorAll("dt") ?? []) {
            lines.push(line(term.textContent + colon, term.nextElementSibling.textContent));
        }
        // Of a program that was not checked: what the compiler said.
        if (way?.localName === "p") lines.push(line(way.lastElementChild.textContent));
        peek.replaceChildren(...lines);
    };
    body.addEventListener("focusin", ({ target }) => {
        current.tabIndex = -1;
        current = target;
        current.tabIndex = 0;
        tell(current);
    });
    body.addEventListener("mouseover", ({ target }) => {
        const link = target.closest("a");
        if (link) tell(link);
    });

    // A link to a check unfolds it.
    const unfold = () => {
        const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
        if (target?.localName === "details") target.open = true;
    };
    addEventListener("hashchange", unfold);
    unfold();
}
