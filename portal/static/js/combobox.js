// Type-ahead over contacts: the ARIA combobox with a list, fed by the page named in data-combobox.
// A choice fires "pick"; unless someone takes it, the address goes in the field and the id beside it.

const WAIT = 150;
const WORDS = document.getElementById("announcer").dataset;

let isPressing = false;
document.addEventListener("mousedown", () => (isPressing = true), true);
document.addEventListener("mouseup", () => (isPressing = false), true);

document.addEventListener("htmx:load", (event) => {
  for (const input of event.target.querySelectorAll("input[data-combobox]")) enhance(input);
});

function enhance(input) {
  if (input.getAttribute("role") === "combobox") return;
  const box = document.createElement("div");
  const list = document.createElement("ul");
  const focused = document.activeElement === input;
  box.className = "suggest";
  list.id = `${input.id}-list`;
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", WORDS.contacts);
  input.replaceWith(box);
  box.append(input, list);
  if (focused) input.focus();
  for (const [name, value] of Object.entries({
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": list.id,
  })) {
    input.setAttribute(name, value);
  }

  let timer, asked, active = -1;
  const options = () => [...list.children];

  function show(open) {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) mark(-1);
  }

  function mark(index) {
    active = index;
    options().forEach((option, i) => option.setAttribute("aria-selected", String(i === index)));
    const option = options()[index];
    if (option) {
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  async function ask() {
    asked?.abort();
    const typed = input.value.trim();
    if (!typed) return show(false);
    asked = new AbortController();
    try {
      const answer = await fetch(`${input.dataset.combobox}?${new URLSearchParams({ q: typed })}`, {
        headers: { "HX-Request": "true" },
        signal: asked.signal,
      });
      if (!answer.ok || answer.redirected) return show(false);
      list.innerHTML = await answer.text();
    } catch (error) {
      return error.name === "AbortError" || show(false);
    }
    const count = options().length;
    mark(-1);
    show(count > 0 && document.activeElement === input);
    announce(count ? options()[0].dataset.count : WORDS.noContact);
  }

  function pick(option) {
    const { id, name, email } = option.dataset;
    clearTimeout(timer);
    show(false);
    forgive(input);
    const free = input.dispatchEvent(
      new CustomEvent("pick", { bubbles: true, cancelable: true, detail: { id, name, email } }),
    );
    if (!free) return;
    input.value = email;
    const into = input.form.elements[input.dataset.into];
    if (into && "value" in into) into.value = id;
    announce(WORDS.chosen.replace("{}", () => name || email));
  }

  input.addEventListener("input", () => {
    const into = input.form.elements[input.dataset.into];
    if (into?.type === "hidden") into.value = "";
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });

  input.addEventListener("keydown", (event) => {
    const count = options().length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) return count && input.value.trim() ? show(true) : ask();
      const step = event.key === "ArrowDown" ? 1 : -1;
      mark(active < 0 && step < 0 ? count - 1 : (active + step + count) % count);
    } else if (event.key === "Enter" && active >= 0) {
      event.preventDefault();
      pick(options()[active]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      show(false);
    }
  });

  input.addEventListener("blur", () => {
    clearTimeout(timer);
    asked?.abort();
    if (!isPressing) return show(false);
    // Closing the list moves the button below it away, which would then not be pressed.
    document.addEventListener("mouseup", () => setTimeout(show, 0, false), { once: true });
  });
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) pick(option);
  });
}

// Someone was picked: what was wrong before no longer is.
function forgive(input) {
  document.getElementById(`${input.id}-error`)?.remove();
  if (!input.hasAttribute("aria-invalid")) return;
  input.removeAttribute("aria-invalid");
  input.setAttribute("aria-describedby", `${input.id}-hint`);
}

function announce(detail) {
  document.dispatchEvent(new CustomEvent("announce", { detail }));
}
