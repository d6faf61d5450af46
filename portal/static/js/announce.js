// Says things to screen readers, one sentence at a time, and shows what only works with script.

document.documentElement.classList.add("js");

document.addEventListener("announce", ({ detail }) => {
  // Outside a modal dialog everything is inert, so its own words need a region inside it.
  const open = document.querySelector("dialog[open]");
  const region = open ? regionIn(open) : document.getElementById("announcer");
  if (!region) return;
  region.textContent = "";
  setTimeout(() => (region.textContent = detail), 60);
});

function regionIn(dialog) {
  const found = dialog.querySelector(":scope > [role=status]");
  if (found) return found;
  const region = document.createElement("p");
  region.className = "unseen";
  region.setAttribute("role", "status");
  dialog.append(region);
  return region;
}
