// Copies a field. Plain http has no clipboard API: there the field is selected and copied the old way.

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) {
    const field = document.getElementById(button.dataset.copy);
    tell(button, await copy(field));
  } else if (event.target.matches("[data-select]")) {
    event.target.select();
  }
});

async function copy(field) {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    field.focus();
    field.select();
    return document.execCommand("copy");
  }
}

function tell(button, done) {
  const words = button.querySelector("span");
  const before = (button.dataset.words ??= words.textContent);
  const { copied, pressKeys } = document.getElementById("announcer").dataset;
  words.textContent = done ? copied : pressKeys;
  document.dispatchEvent(new CustomEvent("announce", { detail: words.textContent }));
  if (done) button.focus();
  clearTimeout(button.timer);
  button.timer = setTimeout(() => (words.textContent = before), 2500);
}
