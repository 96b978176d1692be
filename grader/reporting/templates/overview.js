"use strict";
// Sorts the table by the column of the pressed button; numbers by data-value, names by their text.
const table = document.getElementById("students");
const body = table.tBodies[0];
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
for (const button of table.querySelectorAll("thead button")) {
  button.addEventListener("click", () => {
    const head = button.closest("th");
    const column = Number(head.dataset.column);
    const numeric = head.dataset.kind === "number";
    const before = head.getAttribute("aria-sort");
    const direction = before === "none" ? (numeric ? "descending" : "ascending") : before === "ascending" ? "descending" : "ascending";
    const sign = direction === "ascending" ? 1 : -1;
    for (const other of table.querySelectorAll("thead th[aria-sort]")) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", direction);
    const keyed = Array.from(body.rows, (row) => {
      const cell = row.cells[column];
      return { row, key: numeric ? Number(cell.dataset.value) : cell.textContent.trim() };
    });
    keyed.sort((a, b) => sign * (numeric ? a.key - b.key : collator.compare(a.key, b.key)));
    body.append(...keyed.map((item) => item.row));
  });
}
