// Lists that renew themselves: nothing moves unless something changed, and only the change is said.

const shown = new Map();
let before = null;

const rows = (live) => [...live.querySelectorAll("[data-key]")];

document.body.addEventListener("htmx:beforeRequest", (event) => {
  const unseen = document.hidden || document.querySelector("dialog[open]");
  if (event.detail.elt.matches("[data-live]") && unseen) event.preventDefault();
});

document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { target: live, serverResponse: answer } = event.detail;
  if (!live.matches("[data-live]") || !event.detail.shouldSwap) return;
  if (shown.get(live.id) === answer) {
    event.detail.shouldSwap = false;
    return;
  }
  shown.set(live.id, answer);
  before = {
    statuses: new Map(rows(live).map((row) => [row.dataset.key, row.dataset.status])),
    focused: live.contains(document.activeElement) && document.activeElement.closest("[data-key]")?.dataset.key,
  };
});

document.body.addEventListener("htmx:load", (event) => {
  const live = event.target;
  if (!before || !live.matches("[data-live]")) return;
  const { statuses, focused } = before;
  before = null;
  const news = rows(live).filter(({ dataset: { key, status } }) => status !== undefined && statuses.get(key) !== status);
  const words = news.slice(0, 3).map(told);
  if (words.length) document.dispatchEvent(new CustomEvent("announce", { detail: words.join(". ") }));
  if (focused) rows(live).find((row) => row.dataset.key === focused)?.querySelector("a, button")?.focus();
});

function told(row) {
  return [row.querySelector("p") ?? row.querySelector("strong"), row.querySelector(".pill")].flatMap((part) => part?.innerText ?? []).join(": ");
}
