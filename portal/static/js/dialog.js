// Links with data-dialog open their page inside the one <dialog>; its forms answer inside it too.

const dialog = document.getElementById("dialog");
const body = document.getElementById("dialog-body");
const WORDS = document.getElementById("announcer").dataset;
let opener = null;

const load = (verb, url, values) =>
  htmx.ajax(verb, url, { source: body, target: body, swap: "innerHTML", values });

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  opener = link.closest("details")?.querySelector("summary") ?? link;
  load("GET", link.href);
});

dialog.addEventListener("click", (event) => {
  if (!event.target.closest("[data-close]")) return;
  event.preventDefault();
  dialog.close();
});

dialog.addEventListener("submit", (event) => {
  const form = event.target;
  event.preventDefault();
  if (body.classList.contains("htmx-request")) return;
  const values = new FormData(form, event.submitter);
  load(form.method, event.submitter?.getAttribute("formaction") ?? form.action, values);
});

dialog.addEventListener("close", () => {
  body.replaceChildren();
  opener?.focus();
  for (const live of document.querySelectorAll("[data-live]")) htmx.trigger(live, "refresh");
});

// A redirect was followed (the session ended, or the work is done): go there as a whole page.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  const asked = new URL(requestConfig.path, location.href);
  if (!xhr.responseURL || new URL(xhr.responseURL).pathname === asked.pathname) return;
  event.detail.shouldSwap = false;
  location.assign(xhr.responseURL);
});

document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== body) return;
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  const first = body.querySelector("[aria-invalid=true], [autofocus]") ?? body.querySelector("h2");
  first?.focus();
});

// Anything the dialog cannot show is shown by the page itself.
for (const trouble of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.body.addEventListener(trouble, (event) => {
    const { target, requestConfig } = event.detail;
    if (target !== body) return;
    if (requestConfig.verb === "get") return location.assign(requestConfig.path);
    document.dispatchEvent(new CustomEvent("announce", { detail: WORDS.failed }));
    body.querySelector("[data-trouble]")?.remove();
    const words = document.createElement("p");
    words.className = "notice bad";
    words.dataset.trouble = "";
    words.textContent = WORDS.failedSafe;
    body.querySelector(".dialog-head")?.after(words);
  });
}
