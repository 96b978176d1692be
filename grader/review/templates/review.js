// Keys and saving. Without this file the page still works: every action is a form.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const form = byId("marking");
  const told = byId("told");
  const rows = form ? [...form.querySelectorAll(".row")] : [];
  const WAIT_MS = 900;
  let current = 0;
  let lastDigit = -1;
  let saved = form ? state() : "";
  let timer = 0;
  let saving = Promise.resolve(true);
  let leaving = false;

  function state() {
    const fields = new FormData(form);
    return JSON.stringify([...fields].filter(([name]) => !["seen", "csrf", "accepted", "also"].includes(name)));
  }
  const dirty = () => form !== null && state() !== saved;
  const input = (row) => row.querySelector("input[type=number]");
  const tick = (row) => row.querySelector("input[type=checkbox]");
  const most = (row) => Number(row.dataset.max);

  function say(words, wrong = false) {
    told.textContent = words;
    told.classList.toggle("wrong", wrong);
  }
  function choose(index) {
    if (!rows.length) return;
    current = Math.max(0, Math.min(index, rows.length - 1));
    rows.forEach((row, at) => row.classList.toggle("current", at === current));
    rows[current].scrollIntoView({block: "nearest"});
  }
  function set(row, points) {
    input(row).value = String(points);
    if (tick(row)) tick(row).checked = points === most(row);
    if (row.classList.contains("whole")) rows.filter((one) => one !== row).forEach(clear);
    else if (rows.at(-1).classList.contains("whole")) input(rows.at(-1)).value = "";
    changed();
  }
  function clear(row) {
    input(row).value = "";
    if (tick(row)) tick(row).checked = false;
  }
  function changed() {
    if (!dirty()) return;
    say("not saved yet …");
    clearTimeout(timer);
    timer = setTimeout(save, WAIT_MS);
  }
  function digit(number) {
    const row = rows[current];
    set(row, Math.min(number, most(row)));
    lastDigit = current;
    if (current + 1 < rows.length && !rows[current + 1].classList.contains("whole")) choose(current + 1);
  }
  function half() {
    const at = lastDigit >= 0 && Number(input(rows[lastDigit]).value) + 0.5 <= most(rows[lastDigit]) ? lastDigit : current;
    const row = rows[at];
    set(row, Math.min((at === lastDigit ? Number(input(row).value) : 0) + 0.5, most(row)));
    lastDigit = -1;
    if (at === current && current + 1 < rows.length && !rows[current + 1].classList.contains("whole")) choose(current + 1);
  }
  function accept() {
    const proposed = rows.filter((row) => row.dataset.proposed !== undefined && input(row).value === "");
    if (!proposed.length) return;
    proposed.forEach((row) => set(row, Number(row.dataset.proposed)));
    form.elements.accepted.value = "1";
    const left = rows.findIndex((row) => !row.classList.contains("whole") && input(row).value === "");
    if (left >= 0) choose(left);
    save();
  }

  // One request after the other, each with the number of the mark that the one before made.
  function save() {
    clearTimeout(timer);
    saving = saving.then(send, send);
    return saving;
  }
  // The server refuses this, too; here the field is offered before anything is sent.
  function lacksReason() {
    const decided = ({value, placeholder}) => value !== "" && placeholder !== "" && Number(value) !== Number(placeholder);
    return form.elements.reason.value.trim() === "" && rows.some((row) => decided(input(row)));
  }
  async function send() {
    if (!dirty()) return true;
    if (lacksReason()) {
      say("This was decided already: say why it is changed.", true);
      form.elements.reason.focus();
      return false;
    }
    const given = state();
    const body = new URLSearchParams(new FormData(form));
    try {
      const answer = await fetch(form.action, {method: "POST", headers: {Accept: "application/json"}, body, redirect: "error"});
      const data = await answer.json();
      if (!answer.ok) {
        say(data.error, true);
        return false;
      }
      form.elements.seen.value = String(data.seen);
      form.elements.accepted.value = "";
      saved = given;
      say(`saved: ${data.told}`);
      byId("state").textContent = data.state;
      return true;
    } catch (fault) {
      say("Not saved: the review does not answer. Is it still running?", true);
      return false;
    }
  }
  async function go(id) {
    const link = byId(id);
    if (!link || leaving) return;
    if (form && !(await save())) return;
    leaving = true;
    location.assign(link.href);
  }
  async function submit(target, button) {
    if (form && dirty() && target !== form && !(await save())) return;
    leaving = true;
    if (button) target.requestSubmit(button); else target.requestSubmit();
  }
  function throwAway() {
    if (!form) return;
    clearTimeout(timer);
    form.reset();
    if (!dirty()) say("thrown away"); else location.reload();
  }
  function pick(number) {
    const button = document.querySelectorAll("#comments [data-comment]")[number - 1];
    if (!button) return;
    form.elements.comment.value = button.dataset.comment;
    byId("comments").close();
    changed();
  }

  const KEYS = {
    n: () => go("next"),
    p: () => go("previous"),
    o: () => go("overview"),
    u: () => submit(byId("undo")),
    "?": () => byId("help").showModal(),
  };
  const FORM_KEYS = {
    a: accept,
    c: () => byId("comments").showModal(),
    m: () => form.elements.comment.focus(),
    r: () => form.elements.reason.focus(),
    w: () => choose(rows.length - 1),
    x: () => { const row = rows[current]; const full = Number(input(row).value) === most(row) && input(row).value !== ""; set(row, full ? 0 : most(row)); lastDigit = -1; },
    s: () => document.querySelectorAll("[name=also][data-open]").forEach((box) => { box.checked = true; }),
    g: () => { const button = byId("apply"); if (button) submit(form, button); },
    ArrowDown: () => { choose(current + 1); lastDigit = -1; },
    ArrowUp: () => { choose(current - 1); lastDigit = -1; },
    ".": half,
    ",": half,
    Escape: throwAway,
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || leaving) return;
    const comments = byId("comments");
    if (comments && comments.open) {
      if (/^[1-9]$/.test(event.key)) { event.preventDefault(); pick(Number(event.key)); }
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    const typing = event.target.matches("textarea, input[type=text], input[type=number]");
    if (typing) {
      if (event.key === "Escape") { event.preventDefault(); event.target.blur(); }
      return;
    }
    const act = (form && (/^[0-9]$/.test(event.key) ? () => digit(Number(event.key)) : FORM_KEYS[event.key])) || KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  byId("help-button").addEventListener("click", () => byId("help").showModal());
  if (!form) return;
  rows.forEach((row, at) => {
    row.addEventListener("focusin", () => choose(at));
    if (tick(row)) tick(row).addEventListener("change", () => set(row, tick(row).checked ? most(row) : 0));
    input(row).addEventListener("input", () => {
      if (tick(row)) tick(row).checked = Number(input(row).value) === most(row) && input(row).value !== "";
      changed();
    });
  });
  for (const name of ["comment", "reason"]) form.elements[name].addEventListener("input", changed);
  form.addEventListener("submit", () => { leaving = true; clearTimeout(timer); });
  document.querySelectorAll("#comments [data-comment]").forEach((button, at) => button.addEventListener("click", () => pick(at + 1)));
  for (const [id, act] of [["accept", accept], ["select", FORM_KEYS.s]]) if (byId(id)) byId(id).addEventListener("click", act);
  for (const id of ["next", "previous", "overview"]) {
    if (byId(id)) byId(id).addEventListener("click", (event) => { if (!event.ctrlKey && !event.metaKey) { event.preventDefault(); go(id); } });
  }
  addEventListener("beforeunload", (event) => { if (!leaving && dirty()) event.preventDefault(); });
  const first = rows.findIndex((row) => !row.classList.contains("whole") && input(row).value === "");
  choose(first >= 0 ? first : 0);
})();
