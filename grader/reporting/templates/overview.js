"use strict";
// Sorting, filtering and paging of tables that are already whole in the page. Nothing is fetched, nothing is stored.
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const $ = (id) => document.getElementById(id);
const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

// -- sorting: numbers by data-value, words by their text ---------------------------------------------------------------
function sortable(table, rowsOf, show) {
  for (const button of table.querySelectorAll("thead button")) {
    button.addEventListener("click", () => {
      const head = button.closest("th");
      const column = Number(head.dataset.column);
      const numeric = head.dataset.kind !== "text";
      const before = head.getAttribute("aria-sort");
      const ascending = before === "none" ? !numeric : before === "descending";
      for (const other of table.querySelectorAll("thead th[aria-sort]")) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      const sign = ascending ? 1 : -1;
      const keyed = rowsOf().map((row) => {
        const cell = row.cells[column];
        return { row, key: numeric ? Number(cell.dataset.value) : cell.textContent.trim() };
      });
      keyed.sort((a, b) => sign * (numeric ? a.key - b.key : collator.compare(a.key, b.key)));
      show(keyed.map((item) => item.row));
    });
  }
}

for (const table of document.querySelectorAll("table.sorted")) {
  const body = table.tBodies[0];
  sortable(table, () => Array.from(body.rows), (rows) => body.append(...rows));
}

// -- finding words in a table ------------------------------------------------------------------------------------------
for (const input of document.querySelectorAll("input[data-finds]")) {
  const rows = Array.from($(input.dataset.finds).tBodies[0].rows);
  const said = input.parentElement.querySelector("[role=status]");
  input.parentElement.hidden = false;
  input.addEventListener("input", () => {
    const words = folded(input.value).split(/\s+/).filter(Boolean);
    let left = 0;
    for (const row of rows) {
      // What a list of students says is not what the row is about.
      const text = folded(Array.from(row.cells, (cell) => (cell.querySelector(".who") ? "" : cell.textContent)).join(" "));
      row.hidden = !words.every((word) => text.includes(word));
      left += row.hidden ? 0 : 1;
    }
    said.textContent = words.length ? `${left} of ${rows.length}` : "";
  });
}

// -- the table of students: filter, sort, pages ------------------------------------------------------------------------
const table = $("students");
const body = table.tBodies[0];
const inOrder = Array.from(body.rows);  // positions in lists of students count in this order, however it is sorted
const total = inOrder.length;
const collected = new Map();
const shown = { rows: inOrder, page: 0, size: Number($("page-rows").value), only: null };
const controls = { name: $("by-name"), status: $("by-status"), question: $("by-question"), state: $("by-state"), problem: $("by-problem") };

function textOf(row) {
  let text = collected.get(row);
  if (text === undefined) {
    text = folded(`${row.cells[0].textContent} ${row.cells[row.cells.length - 1].textContent}`);
    collected.set(row, text);
  }
  return text;
}

function stateOf(cell, state) {
  if (state === "lost") return !["open", "missing", "never", "full"].some((name) => cell.classList.contains(name));
  return cell.classList.contains(state);
}

function filterOf() {
  const words = folded(controls.name.value).split(/\s+/).filter(Boolean);
  const { status, question, state, problem } = controls;
  const column = Number(question.value);
  const all = Array.from(question.options, (option) => Number(option.value)).filter(Boolean);
  const columns = column ? [column] : all;
  return (row) =>
    (!shown.only || shown.only.has(row)) &&
    (!status.value || row.querySelector(".status").classList.contains(status.value)) &&
    (!state.value || columns.some((at) => stateOf(row.cells[at], state.value))) &&
    (!problem.checked || row.cells[row.cells.length - 1].textContent.trim() !== "") &&
    words.every((word) => textOf(row).includes(word));
}

function refresh() {
  const fits = filterOf();
  const size = shown.size || Infinity;
  const matching = shown.rows.filter(fits);
  const pages = Math.max(1, Math.ceil(matching.length / size));
  shown.page = Math.min(shown.page, pages - 1);
  const start = shown.page ? shown.page * size : 0;
  const visible = new Set(matching.slice(start, start + size));
  const kept = new Set(matching);
  for (const row of shown.rows) {
    row.hidden = !visible.has(row);
    row.classList.toggle("left-out", !kept.has(row));
  }
  told(matching.length, start, visible.size, pages);
}

function told(matching, start, visible, pages) {
  const pager = $("pager");
  const of = matching === total ? `${total} students` : `${matching} of ${total} students match`;
  pager.querySelector("[role=status]").textContent =
    visible < matching ? `${start + 1} to ${start + visible} of ${of}` : of;
  pager.hidden = false;
  for (const button of pager.querySelectorAll("[data-step]")) {
    const target = shown.page + Number(button.dataset.step);
    // Not "disabled": the focus would be lost at the first and the last page.
    button.setAttribute("aria-disabled", String(target < 0 || target >= pages));
  }
}

sortable(table, () => shown.rows, (rows) => {
  shown.rows = rows;
  shown.page = 0;
  body.append(...rows);
  refresh();
});

function again() {
  shown.page = 0;
  refresh();
}
let waiting = 0;
controls.name.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(again, 120);
});
for (const name of ["status", "question", "state", "problem"]) {
  controls[name].addEventListener("change", () => {
    // A question alone says nothing: what is asked about it is, most often, what is open.
    if (name === "question" && controls.question.value && !controls.state.value) controls.state.value = "open";
    again();
  });
}
$("page-rows").addEventListener("change", (event) => {
  shown.size = Number(event.target.value);
  again();
});
for (const button of $("pager").querySelectorAll("[data-step]")) {
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-disabled") === "true") return;
    shown.page += Number(button.dataset.step);
    refresh();
    table.parentElement.scrollTop = 0;
  });
}

const chosen = $("chosen");
function choose(rows, words) {
  shown.only = rows;
  chosen.hidden = !rows;
  chosen.querySelector("span").textContent = words;
  again();
}
function clear() {
  controls.name.value = controls.status.value = controls.question.value = controls.state.value = "";
  controls.problem.checked = false;
  choose(null, "");
}
$("clear").addEventListener("click", clear);
chosen.querySelector("button").addEventListener("click", () => {
  choose(null, "");
  $("students-title").focus();
});

// -- lists of students: names are taken from the table when a list is opened ---------------------------------------------
const MOST_NAMES = 300;
function rowsOf(list) {
  let at = 0;
  return list.dataset.gaps.split(" ").map((gap) => inOrder[(at += Number(gap))]);
}
function fill(list) {
  const rows = rowsOf(list);
  const items = rows.slice(0, MOST_NAMES).map((row) => {
    const item = document.createElement("li");
    const link = row.cells[0].firstElementChild.cloneNode(true);
    link.href = link.getAttribute("href") + list.dataset.anchor;
    item.append(link);
    return item;
  });
  list.querySelector("ul").replaceChildren(...items);
  list.querySelector(".more")?.remove();
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = rows.length > MOST_NAMES ? `Show all ${rows.length} in the table` : "Show in the table";
  const what = list.closest("tr").querySelector("th").textContent.trim();
  button.addEventListener("click", () => {
    clear();
    choose(new Set(rows), `Only the ${rows.length} of “${what.length > 120 ? `${what.slice(0, 119)}…` : what}”.`);
    $("students-title").scrollIntoView();
    $("students-title").focus();
  });
  list.append(button);
}
document.addEventListener("toggle", (event) => {
  const list = event.target;
  if (list.matches?.("details.who") && list.open && !list.dataset.filled) {
    list.dataset.filled = "yes";
    fill(list);
  }
}, true);

$("controls").hidden = total < 2;
if (total > 1) told(total, 0, Math.min(total, shown.size), Math.max(1, Math.ceil(total / shown.size)));
performance.mark("overview-ready");
