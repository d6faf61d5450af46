// Passkeys: a form with data-passkey asks the browser for one. It is hidden where there are none.
// The server says what to ask for, checks the answer, and says where to go on.

const forms = [...document.querySelectorAll("form[data-passkey]")];
let underWay = null; // the browser asks one question at a time
let isPressed = false; // and what was pressed comes before what is only offered
const FRESH = 4 * 60 * 1000; // a challenge is good for five minutes

if (window.PublicKeyCredential && navigator.credentials) {
  document.documentElement.classList.add("has-passkeys");
  for (const form of forms) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      press(form);
    });
    if (form.hasAttribute("data-autofill")) offer(form);
  }
}

async function press(form) {
  const button = form.querySelector("button");
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  isPressed = true;
  say(form, "");
  try {
    await run(form);
  } catch (error) {
    say(form, wordsFor(form, error));
  } finally {
    button.ariaBusy = "false";
    isPressed = false;
    if (form.contains(document.activeElement) || document.activeElement === document.body) button.focus();
  }
}

// Passkeys among the suggestions of the e-mail field, for as long as the page is open.
async function offer(form) {
  const canOffer = PublicKeyCredential.isConditionalMediationAvailable;
  if (!canOffer || !(await canOffer.call(PublicKeyCredential))) return;
  const again = setTimeout(() => isPressed || offer(form), FRESH);
  try {
    await run(form, "conditional");
  } catch (error) {
    if (error instanceof Refused) {
      clearTimeout(again);
      say(form, wordsFor(form, error));
    }
  }
}

async function run(form, mediation) {
  underWay?.abort();
  const mine = (underWay = new AbortController());
  const asked = await post(form, form.dataset.ask);
  if (mine.signal.aborted) return;
  const publicKey = readable(asked);
  const isNew = form.dataset.passkey === "add";
  const wanted = { publicKey, signal: mine.signal, ...(mediation && { mediation }) };
  const found = await (isNew ? navigator.credentials.create(wanted) : navigator.credentials.get(wanted));
  const { to } = await post(form, form.action, { credential: JSON.stringify(writable(found)) });
  location.assign(to);
}

class Refused extends Error {}

async function post(form, url, more = {}) {
  const body = new URLSearchParams(new FormData(form));
  for (const [name, value] of Object.entries(more)) body.set(name, value);
  let response;
  try {
    response = await fetch(url, { method: "POST", body, headers: { Accept: "application/json" } });
  } catch {
    throw new Refused(form.dataset.away);
  }
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
  const said = isJson ? await response.json() : {};
  if (response.ok) return said;
  if (!said.to) throw new Refused(said.error || form.dataset.failed);
  location.assign(said.to);
  return new Promise(() => {});
}

function wordsFor(form, error) {
  if (error instanceof Refused) return error.message;
  if (error.name === "AbortError") return "";
  if (error.name === "NotAllowedError") return form.dataset.stopped;
  if (error.name === "InvalidStateError") return form.dataset.known;
  return form.dataset.failed;
}

function say(form, words) {
  const place = form.querySelector("[role=alert]");
  place.querySelector("span").textContent = words;
  place.hidden = !words;
}

function readable(options) {
  const known = (one) => ({ ...one, id: bytes(one.id) });
  return {
    ...options,
    challenge: bytes(options.challenge),
    ...(options.user && { user: { ...options.user, id: bytes(options.user.id) } }),
    ...(options.excludeCredentials && { excludeCredentials: options.excludeCredentials.map(known) }),
    ...(options.allowCredentials && { allowCredentials: options.allowCredentials.map(known) }),
  };
}

function writable(credential) {
  const { response } = credential;
  const names = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const said = names.filter((name) => response[name]).map((name) => [name, text(response[name])]);
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: { ...Object.fromEntries(said), transports: response.getTransports?.() ?? [] },
  };
}

function bytes(text) {
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
}

function text(buffer) {
  const signs = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(signs).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
