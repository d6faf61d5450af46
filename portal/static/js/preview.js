// Shows the words as they are typed: presses the button of the preview that was looked at last.

const PAUSE = 500;

for (const form of document.querySelectorAll("[data-preview]")) {
  let button = form.querySelector("[data-first]");
  let waiting;
  form.addEventListener("click", ({ target }) => {
    if (target.matches("[formtarget]")) button = target;
  });
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => form.requestSubmit(button), PAUSE);
  });
}
