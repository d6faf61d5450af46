// Counts what a text message's template takes on the air, beneath the field, while it is written.
// The tables are those of 3GPP TS 23.038; the SMS plugin counts alike when it sends.

export const STANDS_FOR = {
  "'": "‘’‚‛′‹›`´ʼ",
  '"': "“”„‟″«»",
  "-": "‐‑‒–—―−",
  "...": "…",
  " ": "\t\u00a0",
  "\n": "\u2028\u2029",
  "": "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\u2068\u2069\ufeff",
  "*": "•", ".": "·", x: "×", "/": "÷⁄", "|": "¦", c: "¢",
  TM: "™", "(c)": "©", "(r)": "®",
  l: "ł", L: "Ł", d: "đð", D: "ĐÐ", th: "þ", Th: "Þ", i: "ı", oe: "œ", OE: "Œ",
  h: "ħ", H: "ĦΗ", n: "ŋ", N: "ŊΝ", t: "ŧ", T: "ŦΤ", SS: "ẞ",
  A: "Α", B: "Β", E: "Ε", Z: "Ζ", I: "Ι", K: "Κ", M: "Μ", O: "Ο", P: "Ρ",
  Y: "Υ", X: "Χ",
};

export const SAMPLES = {
  account: "Acme Accounting",
  name: "Carl Carter",
  link: "https://portal.example.com/l/" + "x".repeat(31),
  code: "4821 9035",
  minutes: "10",
};

const WORDS = {
  portal: SAMPLES.account, client: SAMPLES.name, staff: "Ada Byron", link: SAMPLES.link, code: SAMPLES.code,
  expires: "in 10 minutes",
};

const BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
const EXTENDED = new Set("\f^{}\\[~]|€");
const CLOSEST = new Map(Object.entries(STANDS_FOR).flatMap(([easy, those]) => [...those].map((one) => [one, easy])));
const MANY = 3;
const SAYS = {
  onePart: "{segments} segment",
  manyParts: "{segments} segments",
  characters: "{characters} of {room} characters",
  costs: "costs as much as {segments} messages",
  ...document.getElementById("announcer")?.dataset,
};

const inTable = (character) => BASIC.has(character) || EXTENDED.has(character);
const isGsm = (text) => [...text].every(inTable);

export function count(text) {
  return isGsm(text)
    ? measure("GSM-7", [...text].map((one) => (EXTENDED.has(one) ? 2 : 1)), 160, 153)
    : measure("UCS-2", [...text].map((one) => one.length), 70, 67);
}

export function simplified(text, keep) {
  const easy = text.split(keep).map((part) => [...part.normalize("NFC")].map(closest).join(""));
  return easy.every(isGsm) ? easy.join(keep) : text;
}

export function note(template, keepsSpecial) {
  const words = template.trim();
  if (!words) return "";
  const text = words
    .replace(/\{\{ *([a-z]+) *\}\}/g, (whole, name) => (Object.hasOwn(WORDS, name) ? WORDS[name] : whole))
    .replace(/\{(\w*)\}/g, (whole, name) => (Object.hasOwn(SAMPLES, name) ? SAMPLES[name] : whole));
  const { encoding, characters, segments, room } = count(keepsSpecial ? text : simplified(text, SAMPLES.link));
  const facts = [segments === 1 ? SAYS.onePart : SAYS.manyParts, SAYS.characters, encoding];
  if (segments >= MANY) facts.push(SAYS.costs);
  const values = { segments, characters, room };
  return facts.join(" · ").replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// Neither an escape nor a surrogate pair is cut in two by the border between two segments.
function measure(encoding, widths, one, many) {
  const characters = widths.reduce((sum, width) => sum + width, 0);
  if (characters <= one) return { encoding, characters, segments: 1, room: one };
  let [segments, used] = [1, 0];
  for (const width of widths) {
    if (used + width > many) [segments, used] = [segments + 1, 0];
    used += width;
  }
  return { encoding, characters, segments, room: segments * many };
}

function closest(character) {
  if (inTable(character)) return character;
  if (CLOSEST.has(character)) return CLOSEST.get(character);
  const bare = character.normalize("NFKD").replace(/\p{Mn}/gu, "");
  const easy = [...bare].map((one) => CLOSEST.get(one) ?? one).join("");
  return easy && isGsm(easy) ? easy : character;
}

function show(field) {
  const place = document.getElementById(`${field.id}-segments`) ?? makePlace(field);
  const keeps = field.form?.querySelector("[data-segments-keep]")?.checked;
  place.textContent = note(field.value, keeps);
}

function makePlace(field) {
  const place = document.createElement("p");
  place.id = `${field.id}-segments`;
  place.className = "hint";
  field.after(place);
  const described = [field.getAttribute("aria-describedby"), place.id];
  field.setAttribute("aria-describedby", described.filter(Boolean).join(" "));
  return place;
}

const showAll = (part) => part.querySelectorAll("[data-segments]").forEach(show);

document.addEventListener("input", ({ target }) => {
  if (target.matches("[data-segments]")) show(target);
  if (target.matches("[data-segments-keep]")) showAll(target.form ?? document);
});

document.addEventListener("htmx:load", (event) => showAll(event.target));
showAll(document);
