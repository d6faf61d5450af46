// Presses the button for the browser that asked for the link, once, and never on the way back.

const form = document.querySelector("form[data-autopress]");
const cameBack = performance.getEntriesByType("navigation")[0]?.type === "back_forward";

function press() {
  if (document.prerendering || document.visibilityState !== "visible") return;
  document.removeEventListener("visibilitychange", press);
  document.removeEventListener("prerenderingchange", press);
  const say = document.querySelector("[data-autopress-say]");
  if (say) say.textContent = `${say.dataset.autopressSay}…`;
  form.requestSubmit();
}

if (form && !cameBack) {
  document.addEventListener("visibilitychange", press);
  document.addEventListener("prerenderingchange", press);
  press();
}
