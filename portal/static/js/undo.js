// Counts the seconds in which what was just queued can be taken back; then the buttons go.

function count(box) {
  const left = Math.ceil((Date.parse(box.dataset.undo) - Date.now()) / 1000);
  const seconds = box.querySelector("[data-undo-seconds]");
  if (!seconds) return;
  if (left > 0) {
    seconds.textContent = left;
    setTimeout(count, 500, box);
    return;
  }
  const form = box.querySelector("form");
  const main = document.getElementById("main");
  if (form.contains(document.activeElement)) main.focus();
  form.remove();
  const words = box.querySelector("[data-undo-words]");
  words.textContent = words.dataset.undoWords;
}

document.querySelectorAll("[data-undo]").forEach(count);
