// Keys: what `?` lists. Single letters do nothing while one types or while a sheet is open, and can be
// switched off (WCAG 2.1.4). A kill and an undo by key ask once: a stray key changes nothing.

import { ask, go } from "./forms.js";

const OFF = "flaghoist-keys-off";
const SECOND_MS = 1_500;
let going = 0; // when `g` was pressed: f, h or s may follow

export function startKeys() {
  document.addEventListener("keydown", pressed);
  document.addEventListener("click", ({ target }) => {
    if (target.closest("#show-keys")) help();
  });
  const box = document.getElementById("keys-on");
  if (!box) return;
  box.checked = localStorage.getItem(OFF) === null;
  box.addEventListener("change", () => (box.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1")));
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") return escaped(event.target);
  if (event.key === " " && event.target.matches("a[role=button]")) {
    event.preventDefault(); // a button answers to the space bar, also one that is a link without scripts
    return event.target.click();
  }
  const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
  const does = Date.now() - going < SECOND_MS && GOES[event.key] ? GOES[event.key] : DOES[event.key];
  going = 0;
  if (!does || typing || localStorage.getItem(OFF) !== null) return;
  if (does() !== false) event.preventDefault();
}

const DOES = {
  "/": () => {
    document.getElementById("find")?.focus();
    document.getElementById("find")?.select();
  },
  "?": help,
  j: () => move(1),
  k: () => (onFlag() ? kill() : move(-1)),
  K: kill,
  g: () => {
    going = Date.now();
  },
  z: () => (onFlag() ? undo() : false),
  Z: undo,
};

const GOES = Object.fromEntries(["f", "h", "s"].map((letter) => [letter, () => view(letter)]));

const onFlag = () => document.getElementById("now") !== null;
const row = () => document.activeElement?.closest("[data-row]")?.querySelector("a.key");

function view(letter) {
  if (!document.getElementById("places")) return false; // no environment here
  const home = document.querySelector("a.mark").href;
  go(document.querySelector(`[data-tab=${letter}]`)?.href ?? home + { f: "", h: "/history", s: "/sdks" }[letter]);
}

function help() {
  document.getElementById("help")?.showModal();
}

function move(by) {
  const links = [...document.querySelectorAll("[data-row] a.key")];
  if (!links.length) return false;
  const at = links.indexOf(row());
  const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + by, 0), links.length - 1);
  links[next].focus();
  links[next].scrollIntoView({ block: "nearest" });
}

function kill() {
  const url = onFlag() ? document.getElementById("kill")?.href : row()?.dataset.kill;
  if (url) ask(url);
}

function undo() {
  const button = document.getElementById("undo");
  const url = onFlag() ? !button?.disabled && (button?.dataset.askUrl ?? button?.href) : row()?.dataset.undo;
  if (url) ask(url);
}

/** Close what is open; leave the search; else go back to the list. */
function escaped(target) {
  const menu = document.querySelector("details.menu[open]");
  if (menu) {
    menu.removeAttribute("open");
    menu.querySelector("summary").focus();
  } else if (target.id === "find") {
    target.value = "";
    target.dispatchEvent(new Event("input", { bubbles: true }));
    target.blur();
  } else if (onFlag()) {
    go(document.querySelector("a.mark").href);
  }
}
