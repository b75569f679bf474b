// Sends forms without leaving the page, and shows the page that answers. The forms are plain ones:
// the same addresses, the same answers, so there is one way of changing a flag and not two.

import { load, main, refresh, say, show } from "./page.js";

const TYPING_MS = 90;
let typing = 0;

export function startForms() {
  document.addEventListener("submit", submitted);
  document.addEventListener("click", clicked);
  document.addEventListener("input", ({ target }) => {
    if (target.id !== "find" || !document.getElementById("list")) return;
    clearTimeout(typing);
    typing = setTimeout(find, TYPING_MS);
  });
  addEventListener("popstate", () => load(location.href).then((answer) => show(answer, "")));
}

/** Ask the one question before a change in a sheet over the page. */
export async function ask(url) {
  const sheet = document.getElementById("sheet");
  try {
    const { page } = await load(url);
    sheet.replaceChildren(page.getElementById("ask") ?? page.getElementById("main"));
    sheet.showModal();
    sheet.querySelector("#sure")?.focus();
  } catch {
    location.assign(url);
  }
}

/** Send a change and show the page that answers it. */
export async function send(form, submitter) {
  const body = new URLSearchParams(new FormData(form, submitter));
  const killing = body.get("command") === "kill";
  form.setAttribute("aria-busy", "true");
  try {
    const answer = await load(form.action, { method: "POST", body });
    document.getElementById("sheet")?.close();
    show(answer);
    const message = document.getElementById("message");
    say(message.textContent, killing || message.getAttribute("role") === "alert");
    if (submitter?.id) document.getElementById(submitter.id)?.focus({ preventScroll: true });
  } catch {
    document.getElementById("sheet")?.close();
    say("The server did not answer. Whether it was done is not known; the state shown is brought up to date as soon as it answers.", true);
  } finally {
    form.removeAttribute("aria-busy");
  }
}

function submitted(event) {
  const form = event.target;
  if (form.matches("[data-change]")) {
    event.preventDefault();
    if (form.getAttribute("aria-busy") !== "true") send(form, event.submitter);
  } else if (form.matches(".find") && document.getElementById("list")) {
    event.preventDefault();
    clearTimeout(typing);
    find().then(() => document.querySelector("[data-row] a.key")?.click());
  }
}

async function find() {
  const input = document.getElementById("find");
  const url = new URL(input.form.action);
  if (input.value.trim()) url.searchParams.set("q", input.value);
  const asked = input.value;
  const answer = await load(url);
  if (document.getElementById("find")?.value !== asked) return; // more was typed meanwhile
  history.replaceState(null, "", url);
  main().replaceWith(answer.page.getElementById("main"));
  document.title = answer.page.title;
  document.dispatchEvent(new Event("page:shown"));
}

function clicked(event) {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  const open = document.querySelector("details.menu[open]");
  if (open && !open.contains(event.target)) open.removeAttribute("open");
  const at = (selector) => event.target.closest(selector);
  const follow = at("a.key, a[data-go], .pages a, .menu .sheet a, a.mark");
  if (at("[data-ask]")) {
    event.preventDefault();
    ask(at("[data-ask]").href);
  } else if (at("[data-close]") && at("dialog")) {
    event.preventDefault();
    at("dialog").close();
  } else if (at("[data-copy]")) {
    navigator.clipboard?.writeText(at("[data-copy]").dataset.copy).then(() => say("Copied."));
  } else if (follow && main().dataset.live) {
    event.preventDefault();
    go(follow.href);
  } else if (at("#numbers > summary")) {
    refresh();
  }
}

/** Go to another page of ours; if nobody answers, let the browser say so. */
export async function go(url) {
  try {
    show(await load(url));
    scrollTo(0, 0);
    main().focus({ preventScroll: true });
  } catch {
    location.assign(url);
  }
}
