"use strict";
// A button's own text is what it copies.
const said = document.getElementById("said");
const select = (button) => {
  const range = document.createRange();
  range.selectNodeContents(button);
  const selection = window.getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
};
for (const button of document.querySelectorAll("tbody button")) {
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.textContent);
      button.classList.add("copied");
      said.textContent = "Copied.";
    } catch {
      // Browsers that keep the clipboard from pages leave the copying to the keyboard.
      select(button);
      said.textContent = "Selected; copy it with the keyboard.";
    }
  });
}
