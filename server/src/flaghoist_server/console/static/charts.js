// Draws evaluations a second as stacked areas: `svg[data-chart]`, small in the list, large on a flag.
//
// The series come with the page (`data-series`: [variant, colour class, rates][]), from the ground
// up, and so do all variants' colours (`data-palette`). The live stream adds a slot at a time. The numbers also stand beside every picture in words,
// so the picture is hidden from screen readers.

const SVG = "http://www.w3.org/2000/svg";
const charts = new Map();

export function startCharts() {
  adopt();
  document.addEventListener("page:shown", adopt);
}

/** A finished slot's rates by flag and variant; only pictures of the same slot length move. */
export function advance(slot, seconds, rates) {
  for (const chart of charts.values()) {
    if (chart.seconds !== seconds || slot <= chart.slot) continue;
    const newest = rates[chart.key] ?? {};
    for (let gap = Math.min(slot - chart.slot, chart.slots); gap > 0; gap--) push(chart, newest);
    chart.slot = slot;
    draw(chart);
  }
}

/** A flag's variants as they are drawn, for words in the same order. */
export function drawn(key) {
  const chart = [...charts.values()].find((one) => one.key === key);
  return chart ? chart.series.map(([variant]) => variant) : [];
}

function adopt() {
  for (const svg of charts.keys()) if (!svg.isConnected) charts.delete(svg);
  for (const svg of document.querySelectorAll("svg[data-chart]")) {
    if (charts.has(svg)) continue;
    const { chart: key, slots, slotSeconds = 2, marks = "[]" } = svg.dataset;
    const seconds = Number(slotSeconds);
    const chart = { svg, key, seconds, slots: Number(slots), marks: JSON.parse(marks) };
    chart.series = whole(JSON.parse(svg.dataset.palette), JSON.parse(svg.dataset.series), chart.slots);
    chart.slot = Math.floor((Number(svg.dataset.until) || Date.now() / 1000) / seconds);
    charts.set(svg, chart);
    draw(chart);
  }
}

/** A series for each variant: those that were not served yet stand in their place, at zero. */
function whole(palette, series, slots) {
  const known = new Map(series.map((one) => [one[0], one]));
  const ours = palette.map(([variant, colour]) => known.get(variant) ?? [variant, colour, Array(slots).fill(0)]);
  const names = new Set(palette.map(([variant]) => variant));
  return [...ours, ...series.filter(([variant]) => !names.has(variant))];
}

function push(chart, newest) {
  const free = ["v1", "v2", "v3", "v4", "v5"].filter((name) => chart.series.every(([, used]) => used !== name));
  for (const variant of Object.keys(newest)) {
    if (chart.series.some(([name]) => name === variant)) continue;
    chart.series.push([variant, free.shift() ?? "v5", Array(chart.slots).fill(0)]);
  }
  for (const [variant, , rates] of chart.series) {
    rates.push(newest[variant] ?? 0);
    if (rates.length > chart.slots) rates.shift();
  }
}

function draw(chart) {
  const { svg, series, slots } = chart;
  const { width, height } = svg.viewBox.baseVal;
  const sums = Array.from({ length: slots }, (_, slot) => series.reduce((sum, [, , rates]) => sum + (rates[slot] ?? 0), 0));
  const label = svg.parentElement.querySelector("[data-peak]");
  const peak = label ? nice(Math.max(...sums, 0)) : Math.max(...sums, 0);
  const x = (slot) => round((slot / Math.max(slots - 1, 1)) * width);
  const y = (value) => round(height - (value / (peak || 1)) * height * 0.94);
  let ground = Array(slots).fill(0);
  const areas = series.map(([, colour, rates]) => {
    const top = ground.map((below, slot) => below + (rates[slot] ?? 0));
    const line = (values) => values.map((value, slot) => `${x(slot)} ${y(value)}`);
    const path = element("path", { class: `area ${colour}`, d: `M${line(top).join("L")}L${line(ground).reverse().join("L")}Z` });
    ground = top;
    return path;
  });
  svg.replaceChildren(...areas, ...marks(chart, width, height));
  if (label) label.textContent = peak ? `${peak.toLocaleString("en")} a second` : "";
}

/** Changes as upright lines; what they were stands in the history. */
function marks(chart, width, height) {
  const until = chart.slot * chart.seconds;
  const since = until - chart.slots * chart.seconds;
  return chart.marks.filter(({ at }) => at > since).map(({ at, kind, says }) => {
    const x = round(Math.min((at - since) / (until - since), 1) * width);
    const line = element("path", { class: `tick ${kind === "kill" ? "kill" : ""}`, d: `M${x} 0V${height}` });
    line.append(element("title", {}, says));
    return line;
  });
}

/** The next round number: a scale that stands still while rates waver. */
function nice(value) {
  if (value <= 0) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((step) => step * power >= value) * power;
}

const round = (number) => Math.round(number * 10) / 10;

function element(name, attributes, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  if (text) made.textContent = text;
  return made;
}
