// Makes the answers browsable and keeps the reader's place while the page renews itself.
// Everything from data or models is set as text, never as markup.
"use strict";

const FIRST_SIZE = 20;
const PAGE_SIZE = 100;
const VERDICTS = { "-1": "unreadable", 0: "wrong", 1: "right", 2: "" };
const memory = {
  key: "aliquot." + document.body.dataset.run,
  read() {
    try { return JSON.parse(sessionStorage.getItem(this.key)) || {}; } catch { return {}; }
  },
  save(state) {
    try { sessionStorage.setItem(this.key, JSON.stringify(state)); } catch { /* a page without storage starts at the top */ }
  },
};

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function shown(answer) {
  return answer === null ? "–" : answer[0] === "" ? "(empty)" : answer[0];
}

function verdictOf(answer) {
  if (answer === null) return make("span", "verdict", "");
  const word = VERDICTS[answer[1]];
  const error = answer[2] === null || answer[1] === -1 ? "" : "off by " + Number(answer[2].toPrecision(3));
  return make("span", "verdict " + word, error || word);
}

function browse(data, form, saved) {
  const body = document.getElementById("answer-rows");
  const count = document.getElementById("answer-count");
  const more = document.getElementById("answer-more");
  const isNumber = data.task === "number";
  const base = data.models.findIndex((model) => model.name === "base");
  let rows = [];
  let limit = FIRST_SIZE;

  const shows = [
    ["all", "all rows", () => true],
    ["right", isNumber ? "within tolerance" : "right", (answer) => answer !== null && answer[1] === 1],
    ["wrong", isNumber ? "beyond tolerance or unreadable" : "wrong or unreadable", (answer) => answer !== null && answer[1] < 1],
    ["unreadable", "unreadable", (answer) => answer !== null && answer[1] === -1],
    ["changed", "different from the base", (answer, row) => base >= 0 && answer !== null && row[5][base] !== null && answer[0] !== row[5][base][0]],
    ["in-train", "prompt also in train", (answer, row) => row[4] === 1],
  ];
  const orders = [["file", "as in the file"]];
  if (isNumber) orders.push(["error", "largest error first"]);

  function fill(name, options) {
    for (const [value, title] of options) form.elements[name].append(new Option(title, value));
    if (saved[name] !== undefined) form.elements[name].value = saved[name];
    if (form.elements[name].selectedIndex < 0) form.elements[name].selectedIndex = 0;
  }

  function detail(row) {
    const cell = make("td");
    cell.colSpan = 5;
    cell.append(make("p", "prompt", row[2]));
    const list = make("dl");
    const lines = [["Reference", [row[3], 2, null]], ...data.models.map((model, place) => [model.title, row[5][place]])];
    for (const [title, answer] of lines) {
      const line = make("div");
      const verdict = make("dd");
      verdict.append(verdictOf(answer));
      line.append(make("dt", "", title), make("dd", "", shown(answer)), verdict);
      list.append(line);
    }
    cell.append(list, make("p", "id", "example " + row[1] + ", line " + row[0] + (row[4] ? ", prompt also in train" : "")));
    const line = make("tr", "detail");
    line.append(cell);
    return line;
  }

  function toggle(button, line, row) {
    const isOpen = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!isOpen));
    if (isOpen) line.nextSibling.remove();
    else line.after(detail(row));
  }

  function draw(row, model) {
    const line = make("tr");
    const prompt = make("td", "prompt");
    const button = make("button", "", row[2]);
    button.type = "button";
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => toggle(button, line, row));
    prompt.append(button);
    const cells = [make("td", "n soft", String(row[0])), prompt, make("td"), make("td"), make("td")];
    cells[2].append(make("div", "clamp", row[3]));
    cells[3].append(make("div", "clamp", shown(row[5][model])));
    cells[4].append(verdictOf(row[5][model]));
    line.append(...cells);
    return line;
  }

  function extend() {
    const model = Number(form.elements.model.value);
    const from = body.querySelectorAll("tr:not(.detail)").length;
    body.append(...rows.slice(from, limit).map((row) => draw(row, model)));
    const left = rows.length - Math.min(limit, rows.length);
    more.hidden = left === 0;
    more.textContent = "Show " + Math.min(PAGE_SIZE, left) + " more of " + left.toLocaleString("en");
  }

  function refresh() {
    const model = Number(form.elements.model.value);
    const test = shows.find(([name]) => name === form.elements.show.value)[2];
    const wanted = form.elements.search.value.trim().toLowerCase();
    const holds = (text) => text !== null && text.toLowerCase().includes(wanted);
    rows = data.rows.filter((row) => test(row[5][model], row) &&
      (!wanted || holds(row[2]) || holds(row[3]) || (row[5][model] !== null && holds(row[5][model][0]))));
    if (form.elements.order.value === "error") {
      const error = (row) => (row[5][model] === null ? -1 : row[5][model][2] === null ? Infinity : row[5][model][2]);
      rows.sort((one, other) => (error(one) === error(other) ? 0 : error(other) > error(one) ? 1 : -1));
    }
    count.textContent = rows.length.toLocaleString("en") + " of " + data.rows.length.toLocaleString("en") + " rows";
    body.replaceChildren();
    extend();
  }

  fill("model", data.models.map((model, place) => [place, model.title]));
  fill("show", shows.filter(([name]) => name !== "changed" || base >= 0));
  fill("order", orders);
  form.elements.order.parentElement.hidden = orders.length < 2;
  form.elements.search.value = saved.search || "";
  limit = saved.limit || FIRST_SIZE;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => { limit = FIRST_SIZE; refresh(); });
  more.addEventListener("click", () => { limit += PAGE_SIZE; extend(); });
  const start = document.getElementById("answer-start");
  if (data.start) {
    start.hidden = false;
    start.textContent = "Every prompt begins with: " + data.start;
  }
  body.parentElement.hidden = false;
  refresh();
  return () => ({ limit, ...Object.fromEntries(["model", "show", "order", "search"].map((name) => [name, form.elements[name].value])) });
}

function offerCopies() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const text = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).innerText);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = text; }, 1500);
    });
  }
}

function renew(seconds) {
  // Not under the hands of somebody who types, chooses or has marked text.
  const isBusy = () => ["INPUT", "SELECT"].includes(document.activeElement.tagName) || String(getSelection());
  setTimeout(function look() {
    if (isBusy() || document.hidden) setTimeout(look, 1000);
    else location.reload();
  }, seconds * 1000);
}

function start() {
  const saved = memory.read();
  const block = document.getElementById("answers-data");
  const filters = block ? browse(JSON.parse(block.textContent), document.getElementById("answer-filters"), saved.filters || {}) : () => saved.filters;
  const details = [...document.querySelectorAll("details[id]")];
  for (const each of details) each.open = (saved.open || []).includes(each.id);
  offerCopies();
  const [arrival] = performance.getEntriesByType("navigation");
  if (saved.scroll && arrival && arrival.type === "reload") scrollTo(0, saved.scroll);
  addEventListener("pagehide", () => memory.save({
    filters: filters(), scroll: scrollY, open: details.filter((each) => each.open).map((each) => each.id),
  }));
  addEventListener("beforeprint", () => { for (const each of details) each.open = true; });
  const seconds = Number(document.body.dataset.refreshS);
  if (seconds) renew(seconds);
}

start();
