// Pages as the unit of change: fetch one, show it whole, or put its newer pieces in place.
//
// The server writes all markup. An element with `data-swap` and an id is replaced by its newer self;
// what the person has open, typed or focused in it is carried over. "page:shown" tells the rest.

export const main = () => document.getElementById("main");

/** Fetch a page of ours. Rejects when nobody answers; a sign-in page is gone to. */
export async function load(url, options = {}) {
  const response = await fetch(url, { credentials: "same-origin", ...options });
  if (response.redirected && new URL(response.url).pathname === "/sign-in") {
    location.assign(response.url);
    return new Promise(() => {}); // the browser is leaving
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return { page, url: response.url };
}

/** Show a page in place of this one; `address` "" leaves the address as it is. */
export function show({ page, url }, address = "push") {
  if (address === "push" && url !== location.href) history.pushState(null, "", url);
  if (address === "replace") history.replaceState(null, "", url);
  document.title = page.title;
  document.body.className = page.body.className;
  replace(document.querySelector("header"), page.querySelector("header"));
  replace(main(), page.getElementById("main"));
  document.dispatchEvent(new Event("page:shown"));
}

/** Put the newer pieces of `page` in place; pieces that came or went mean the page is another. */
export function patch(page) {
  const pieces = [...page.querySelectorAll("[data-swap]")];
  const here = document.querySelectorAll("[data-swap]");
  const same = pieces.length === here.length && pieces.every((piece) => document.getElementById(piece.id));
  if (!same) return show({ page, url: location.href }, "");
  document.title = page.title;
  for (const piece of pieces) replace(document.getElementById(piece.id), piece);
  main().dataset.mark = page.getElementById("main").dataset.mark;
  document.dispatchEvent(new Event("page:shown"));
}

/** Ask for this page again and put what is newer in place. */
export async function refresh() {
  const asked = location.href;
  const { page } = await load(asked);
  if (asked === location.href) patch(page);
}

/** Tell the person, also through their screen reader; `urgent` interrupts. */
export function say(text, urgent = false) {
  const message = document.getElementById("message");
  message.className = `message ${urgent ? "kill" : "on"}`;
  message.setAttribute("role", urgent ? "alert" : "status");
  message.textContent = text;
}

function replace(old, next) {
  const kept = keep(old);
  old.replaceWith(next);
  kept();
}

/** Remember what is open, typed and focused in `old`; the answer puts it back. */
function keep(old) {
  const open = [...old.querySelectorAll("details[open][id]")].map((element) => element.id);
  const typed = [...old.querySelectorAll("input[id]:not([type=hidden])")]
    .filter((input) => input.value !== input.defaultValue)
    .map((input) => [input.id, input.value]);
  const active = old.contains(document.activeElement) ? document.activeElement : null;
  const caret = active?.matches("input[type=text], input[type=search]") ? active.selectionStart : null;
  return () => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    for (const [id, value] of typed) {
      const input = document.getElementById(id);
      if (input) input.value = value;
    }
    const again = active?.id && document.getElementById(active.id);
    if (!again) return;
    again.focus({ preventScroll: true });
    if (caret !== null) again.setSelectionRange(caret, caret);
  };
}

/** Relative times grow older while one looks. The words are the server's (words/quantities.py). */
export function startTimes() {
  setInterval(() => {
    for (const time of document.querySelectorAll("time[datetime]")) time.textContent = ago(time.dateTime);
  }, 10_000);
}

function ago(at) {
  const seconds = Math.floor((Date.now() - Date.parse(at)) / 1000);
  for (const [size, unit] of [[86400, "day"], [3600, "hour"], [60, "min"]]) {
    const number = Math.floor(seconds / size);
    if (number >= 1) return `${number} ${unit}${number > 1 && unit !== "min" ? "s" : ""} ago`;
  }
  return seconds < 10 ? "just now" : `${seconds} s ago`;
}
