// Several contacts: each one picked becomes a chip that can be taken off again.

document.addEventListener("pick", (event) => {
  const list = document.getElementById(event.target.dataset.chips);
  if (!list) return;
  event.preventDefault();
  const { id, name, email } = event.detail;
  event.target.value = "";
  if ([...list.children].some((chip) => chip.dataset.id === id)) return;
  list.append(makeChip(id, name || email));
  list.closest("fieldset").hidden = false;
  announce(said("added", name || email));
});

document.addEventListener("click", (event) => {
  const button = event.target.closest(".chip button");
  if (!button) return;
  const chip = button.closest(".chip");
  const list = chip.parentElement;
  const next = chip.nextElementSibling ?? chip.previousElementSibling;
  announce(said("removed", chip.dataset.name));
  chip.remove();
  if (!list.children.length) list.closest("fieldset").hidden = true;
  (next?.querySelector("button") ?? document.querySelector(`[data-chips="${list.id}"]`)).focus();
});

document.addEventListener("htmx:load", (event) => {
  for (const chip of event.target.querySelectorAll(".chip:has([type=checkbox])")) {
    chip.replaceWith(makeChip(chip.dataset.id, chip.dataset.name));
  }
});

function makeChip(id, name) {
  const chip = document.createElement("li");
  const value = document.createElement("input");
  const words = document.createElement("span");
  const label = document.createElement("bdi");
  const button = document.createElement("button");
  chip.className = "chip";
  chip.dataset.id = id;
  chip.dataset.name = name;
  Object.assign(value, { type: "hidden", name: "contact_ids", value: id });
  label.textContent = name;
  words.append(label);
  Object.assign(button, { type: "button", textContent: "×", ariaLabel: said("remove", name) });
  chip.append(value, words, button);
  return chip;
}

const said = (name, who) => document.getElementById("announcer").dataset[name].replace("{}", () => who);

function announce(detail) {
  document.dispatchEvent(new CustomEvent("announce", { detail }));
}
