// Follows the page's live stream and says honestly how live it is: live, reconnecting, stale since.
//
// A tick carries numbers. When the server has written something anew (`mark`), the page is asked
// for again. The stream is closed while the tab is hidden: browsers allow few of them at a time.

import { advance, drawn } from "./charts.js";
import { main, refresh } from "./page.js";

const STALE_MS = 10_000;
const REFRESH_MS = 1_000;
const SLOT_S = 2;

let source = null;
let address = "";
let paused = false;
let heard = 0;
let asked = 0;

export function startLive() {
  document.addEventListener("page:shown", follow);
  document.addEventListener("visibilitychange", follow);
  document.addEventListener("click", ({ target }) => {
    if (!target.closest("#live")) return;
    paused = !paused;
    follow();
  });
  setInterval(watch, 1_000);
  follow();
}

function follow() {
  const wanted = document.hidden || paused ? "" : (main().dataset.live ?? "");
  if (paused) tell("paused");
  if (wanted === address) return source?.readyState === EventSource.OPEN && tell("live");
  source?.close();
  source = null;
  address = wanted;
  if (!wanted) return;
  heard ||= Date.now();
  source = new EventSource(wanted);
  source.addEventListener("tick", (event) => ticked(JSON.parse(event.data)));
  source.addEventListener("end", lost);
  source.addEventListener("error", lost);
}

/** The stream has ended or was cut. The browser tries again; where it will not, the page tells why. */
function lost() {
  tell(silent() ? "stale" : "waiting");
  if (source?.readyState === EventSource.CLOSED) setTimeout(() => refresh().then(restart, restart), 2_000);
}

function restart() {
  address = "";
  follow();
}

function watch() {
  if (source && silent()) tell("stale");
}

/** How old the numbers are counts from the last that came, however often was tried since. */
const silent = () => Date.now() - heard > STALE_MS;

function tell(state) {
  const live = document.getElementById("live");
  if (!live || live.dataset.state === state) return;
  const since = new Date(heard).toTimeString().slice(0, 8);
  const words = { live: "live", waiting: "reconnecting", stale: `stale since ${since}`, paused: `paused at ${since}` };
  const before = document.getElementById("live-said").textContent;
  live.dataset.state = state;
  live.setAttribute("aria-pressed", String(state === "paused"));
  live.title = state === "paused" ? "Go on live" : "Pause the live numbers";
  document.getElementById("live-word").textContent = words[state];
  if (before || state !== "live") document.getElementById("live-said").textContent = words[state];
}

function ticked(tick) {
  heard = Date.now();
  tell("live");
  const sdks = `${tick.connected.toLocaleString("en")} SDK${tick.connected === 1 ? "" : "s"}`;
  write(document.getElementById("live-facts"), `· ${sdks} · v ${tick.version.toLocaleString("en")}`);
  for (const [key, applied] of Object.entries(tick.applied)) showApplied(key, applied, tick.connected, sdks);
  if (tick.rates) {
    advance(tick.slot, SLOT_S, tick.rates);
    for (const [key, rates] of Object.entries(tick.rates)) showRates(key, rates);
  }
  if (tick.receipt) showReceipt(tick.receipt);
  renew(tick.mark);
}

/** Ask for the page again where it has changed, but not more often than once a second. */
function renew(mark) {
  if (mark === main().dataset.mark || document.querySelector("[aria-busy=true]")) return;
  if (Date.now() - asked < REFRESH_MS) return;
  asked = Date.now();
  refresh().catch(() => {});
}

function showApplied(key, applied, connected, sdks) {
  const named = `="${CSS.escape(key)}"]`;
  const words = connected ? `${applied.toLocaleString("en")} of ${sdks}` : "no SDK yet";
  write(document.querySelector(`[data-applied${named}`), words);
  const bar = document.querySelector(`[data-bar${named}`);
  if (!bar) return;
  bar.max = Math.max(connected, 1);
  bar.value = applied;
  bar.classList.toggle("lag", applied < connected);
}

function showRates(key, rates) {
  const words = drawn(key).filter((name) => rates[name] > 0).map((name) => `${name || "caller's default"} ${written(rates[name])}`);
  write(document.querySelector(`[data-rates="${CSS.escape(key)}"]`), words.join(" · ") || "not evaluated");
  if (document.querySelector("#now")?.dataset.flag !== key) return;
  for (const place of document.querySelectorAll("[data-rate]")) {
    write(place, `${written(rates[place.dataset.rate] ?? 0)}/s`);
  }
}

function showReceipt({ tone, text }) {
  const bar = document.getElementById("receipt");
  if (!bar) return;
  bar.className = `receipt ${tone}`;
  write(document.getElementById("receipt-text"), text);
}

function write(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

const written = (rate) =>
  rate >= 10 || Number.isInteger(rate) ? Math.round(rate).toLocaleString("en") : rate.toFixed(1);
