// A choice with data-parts, such as {"twilio": ["Twilio"], "gateway": ["Gateway", "Callbacks"]}, hides
// the parts of its form that belong to its other choices. Without scripts all of them are there.

function show(choice) {
  const parts = JSON.parse(choice.dataset.parts);
  const wanted = parts[choice.value] || [];
  for (const name of new Set(Object.values(parts).flat())) {
    const part = choice.form.querySelector(`[data-part="${CSS.escape(name)}"]`);
    const isWrong = part?.querySelector("[aria-invalid]");
    if (part) part.hidden = !wanted.includes(name) && !isWrong;
  }
}

for (const choice of document.querySelectorAll("select[data-parts]")) {
  show(choice);
  choice.addEventListener("change", () => show(choice));
}
