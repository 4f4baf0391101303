// Makes the answers browsable and keeps the reader's place while the page renews itself.
// Everything from data or models is set as text, never as markup.
"use strict";

const FIRST_SIZE = 20;
const PAGE_SIZE = 100;
const VERDICTS = { "-1": "unreadable", 0: "wrong", 1: "right", 2: "" };
const ENDINGS = { truncated: "cut off", refused: "refused", error: "failed" };
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
  const node = make("span", "verdict " + word, error || word);
  if (answer[3]) node.append(make("small", "", ENDINGS[answer[3]]));
  return node;
}

// Two right labels are the same answer however they are written; numbers and wrong answers are compared as texts.
function differs(one, other, isNumber) {
  if (one === null || other === null) return false;
  return one[1] !== other[1] || ((isNumber || one[1] !== 1) && one[0] !== other[0]);
}

function browse(data, form, remembered) {
  const saved = { ...data.preset, ...remembered };
  const body = document.getElementById("answer-rows");
  const count = document.getElementById("answer-count");
  const more = document.getElementById("answer-more");
  const isNumber = data.task === "number";
  const endings = Object.keys(ENDINGS).filter((ending) => data.rows.some((row) => row[5].some((answer) => answer !== null && answer[3] === ending)));
  const texts = data.rows.map((row) => (row[2] + "\n" + row[3]).toLowerCase());
  let rows = [];
  let limit = FIRST_SIZE;

  const shows = [
    ["all", "all rows", () => true],
    ["right", isNumber ? "within tolerance" : "right", (answer) => answer !== null && answer[1] === 1],
    ["wrong", isNumber ? "beyond tolerance or unreadable" : "wrong or unreadable", (answer) => answer !== null && answer[1] < 1],
    ["unreadable", "unreadable", (answer) => answer !== null && answer[1] === -1],
    ...endings.map((ending) => [ending, ENDINGS[ending], (answer) => answer !== null && answer[3] === ending]),
  ].slice(0, data.task === "document" ? 1 : undefined); // a text is neither right nor wrong
  const orders = [["file", "as in the file"]];
  if (isNumber) orders.push(["error", "largest error first"]);

  function fill(name, options) {
    for (const [value, title] of options) form.elements[name].append(new Option(title, value));
    if (saved[name] !== undefined) form.elements[name].value = saved[name];
    if (form.elements[name].selectedIndex < 0) form.elements[name].selectedIndex = 0;
    form.elements[name].parentElement.hidden = form.elements[name].length < 2;
  }

  function detail(row) {
    const cell = make("td");
    cell.colSpan = 5;
    cell.append(make("p", "prompt", row[2]));
    const list = make("dl");
    const lines = [["Reference", [row[3], 2, null, ""]], ...data.models.map((model, place) => [model.title, row[5][place]])];
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

  function draw(row, model, other) {
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
    if (other >= 0) {
      const compared = make("div", "compared");
      compared.append(make("div", "clamp", shown(row[5][other])), verdictOf(row[5][other]));
      cells[3].append(compared);
    }
    line.append(...cells);
    return line;
  }

  function extend() {
    const [model, other] = chosen();
    const from = body.querySelectorAll("tr:not(.detail)").length;
    body.append(...rows.slice(from, limit).map((row) => draw(row, model, other)));
    const left = rows.length - Math.min(limit, rows.length);
    more.hidden = left === 0;
    more.textContent = "Show " + Math.min(PAGE_SIZE, left) + " more of " + left.toLocaleString("en");
  }

  function chosen() {
    return [Number(form.elements.model.value), Number(form.elements.other.value)];
  }

  function refresh() {
    const [model, other] = chosen();
    const test = shows.find(([name]) => name === form.elements.show.value)[2];
    const [label, overlap] = [form.elements.label.value, form.elements.overlap.value];
    const wanted = form.elements.search.value.trim().toLowerCase();
    const holds = (row, place) => texts[place].includes(wanted) ||
      [model, other].some((each) => each >= 0 && row[5][each] !== null && row[5][each][0].toLowerCase().includes(wanted));
    rows = data.rows.filter((row, place) => test(row[5][model]) && (!label || row[3] === label.slice(1)) &&
      (!overlap || row[4] === Number(overlap)) && (other < 0 || differs(row[5][model], row[5][other], isNumber)) && (!wanted || holds(row, place)));
    if (form.elements.order.value === "error") {
      const error = (row) => (row[5][model] === null ? -1 : row[5][model][2] === null ? Infinity : row[5][model][2]);
      rows.sort((first, second) => (error(first) === error(second) ? 0 : error(second) > error(first) ? 1 : -1));
    }
    count.textContent = rows.length.toLocaleString("en") + " of " + data.rows.length.toLocaleString("en") + " rows";
    body.replaceChildren();
    extend();
  }

  fill("model", data.models.map((model, place) => [place, model.title]));
  fill("show", shows);
  fill("other", [[-1, "(not compared)"], ...data.models.map((model, place) => [place, model.title])]);
  // The mark before a label keeps the empty one apart from "all".
  const labels = data.task === "labels" ? [...new Set(data.rows.map((row) => row[3]))].sort() : [];
  fill("label", [["", "all"], ...labels.map((label) => ["=" + label, label])]);
  fill("overlap", [["", "all"], ...(data.rows.some((row) => row[4]) ? [[1, "prompt also in train"], [0, "prompt not in train"]] : [])]);
  fill("order", orders);
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
  return () => ({ limit, ...Object.fromEntries(["model", "show", "other", "label", "overlap", "order", "search"].map((name) => [name, form.elements[name].value])) });
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
