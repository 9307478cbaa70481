// What the page does with its numbers: pair, scenario and year are chosen, charts drawn, tables filled.
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const data = JSON.parse($("#data").textContent);
const state = { pair: data.pair, scenario: data.scenario, year: data.year };
const opened = new Map();

function make(tag, text, attributes = {}) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

// Numbers are written as in the report, ties to even.
function fixed(value, digits) {
  const scaled = value * 10 ** digits;
  const tie = Number.isInteger(value * 2 ** (digits + 1)) && Math.abs(scaled % 1) === 0.5;
  return tie ? ((2 * Math.round(scaled / 2)) / 10 ** digits).toFixed(digits) : value.toFixed(digits);
}
function percent(p) {
  if (p < 0.005) return "<1\u00a0%";
  return p > 0.995 ? ">99\u00a0%" : `${Math.round(100 * Number(fixed(p, 2)))}\u00a0%`;
}
function number(value, digits) {
  const size = value ? Math.floor(Math.log10(Math.abs(value))) : 0;
  const text = fixed(Math.abs(value), digits ?? Math.min(Math.max(2 - size, 0), 6));
  const [whole, part] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (part ? `.${part}` : "");
  return value < 0 && Number(text) ? `−${grouped}` : grouped;
}
function written(value, form) {
  if (value === null || value === undefined) return "–";
  if (form === "probability") return percent(value);
  if (form === "volume") return number(value, Math.abs(value) >= 10 || !value ? 0 : 1);
  if (form === "signed") return (value > 0 ? "+" : "") + number(value, 2);
  return form === "number" ? number(value) : String(value);
}

function rowsOf(panel) {
  const names = Object.keys(panel.data);
  const size = panel.data[names[0]].length;
  return Array.from({ length: size }, (_, at) => {
    const row = { series: panel.title, role: panel.role };
    for (const name of names) row[name] = panel.data[name][at];
    return row;
  });
}

async function pairOf(code) {
  if (!opened.has(code)) {
    const held = data.pairs.find((pair) => pair.code === code);
    const bytes = Uint8Array.from(atob(held.packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    opened.set(code, JSON.parse(await new Response(stream).text()));
  }
  return opened.get(code);
}

// Charts -------------------------------------------------------------------------------------------

const ERRORS = 1; // The level of Vega that keeps its advice out of the console.
const tip = $("#tip");
function told(row, columns) {
  const known = columns.filter((column) => row[column.field] !== null && row[column.field] !== undefined);
  return [make("b", row.series), ...known.map((column) => {
    const line = make("div");
    line.append(make("span", column.label), make("span", written(row[column.field], column.form)));
    return line;
  })];
}
// Beside a point of a fan stands what every series is in its year, beside any other mark its own row.
function hover(figure, chart) {
  return (_handler, event, item, value) => {
    tip.hidden = !value;
    if (!value) return;
    let datum = item.datum;
    while (datum.datum) datum = datum.datum;
    const every = figure.shown.panels.flatMap(rowsOf).filter((row) => row.year === datum.year);
    const rows = chart.together && !chart.by_year ? every : [datum];
    tip.replaceChildren(...rows.flatMap((row) => told(row, chart.columns)));
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - box.width - 4))}px`;
    tip.style.top = `${event.clientY + 16 + box.height > innerHeight ? event.clientY - box.height - 12 : event.clientY + 16}px`;
  };
}

function signalsOf(shown) {
  const pair = opened.get(state.pair);
  return { ...shown.signals, origin: pair.origin, year: state.year };
}

async function embed(figure, holder, chart, rows, label) {
  const spec = structuredClone(chart.spec);
  const signals = signalsOf(figure.shown);
  for (const param of spec.params) if (param.name in signals) param.value = signals[param.name];
  spec.datasets = { ...spec.datasets, rows };
  spec.width = Math.max(200, holder.clientWidth);
  if (chart.lines) spec.height = chart.line * new Set(rows.map((row) => row[chart.lines])).size;
  spec.description = label;
  const options = {
    mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false,
    tooltip: hover(figure, chart), logLevel: ERRORS,
  };
  return (await window.vegaEmbed(holder, spec, options)).view;
}

async function draw(figure, shown) {
  const chart = data.charts[shown.chart];
  const groups = chart.together ? [shown.panels] : shown.panels.map((panel) => [panel]);
  const rows = groups.map((group) => group.flatMap(rowsOf));
  const like = [state.pair, shown.chart, groups.length].join(" ");
  const panels = $(".panels", figure);
  if (figure.views && figure.like === like) {
    await Promise.all(figure.views.map((view, at) => {
      for (const [name, value] of Object.entries(signalsOf(shown))) view.signal(name, value);
      return view.data("rows", rows[at]).runAsync();
    }));
    return;
  }
  for (const view of figure.views ?? []) view.finalize();
  figure.views = null;
  panels.classList.toggle("many", !chart.together);
  panels.replaceChildren();
  const holders = groups.map((group) => {
    const panel = make("div");
    if (!chart.together) panel.append(make("h4", group[0].title));
    panel.append(make("div", undefined, { class: "view" }));
    panels.append(panel);
    return panel.lastChild;
  });
  const views = [];
  for (const [at, holder] of holders.entries()) {
    const label = chart.together ? shown.title : `${groups[at][0].title}. ${shown.title}`;
    views.push(await embed(figure, holder, chart, rows[at], label));
  }
  figure.views = views;
  figure.like = like;
}

// Tables -------------------------------------------------------------------------------------------

function tabled(shown) {
  const chart = data.charts[shown.chart];
  return shown.panels.map((panel) => ({
    title: panel.title,
    rows: rowsOf(panel).filter((row) => !chart.by_year || row.year === state.year),
  }));
}
function fillTable(figure, shown) {
  const { columns } = data.charts[shown.chart];
  const table = $(".wide table", figure);
  $("caption", table).textContent = shown.unit;
  $$("tbody", table).forEach((body) => body.remove());
  for (const panel of tabled(shown)) {
    const body = make("tbody", undefined, { class: "group" });
    if (shown.panels.length > 1) {
      const head = body.insertRow();
      head.append(make("th", panel.title, { colspan: columns.length, scope: "rowgroup" }));
    }
    for (const row of panel.rows) {
      const line = body.insertRow();
      columns.forEach((column, at) => {
        const text = written(row[column.field], column.form);
        line.append(at ? make("td", text) : make("th", text, { scope: "row" }));
      });
    }
    table.append(body);
  }
}
function download(figure) {
  const shown = figure.shown;
  const { columns } = data.charts[shown.chart];
  const quoted = (value) => (/[",\n]/.test(value ?? "") ? `"${value.replaceAll('"', '""')}"` : value ?? "");
  const lines = shown.panels.flatMap((panel) => rowsOf(panel).map((row) =>
    [panel.title, ...columns.map((column) => row[column.field])].map(quoted).join(",")));
  const text = [["series", ...columns.map((column) => column.field)].join(","), ...lines, ""].join("\n");
  const link = make("a", undefined, { download: `${state.pair}_${state.scenario}_${figure.dataset.name}.csv` });
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.click();
  URL.revokeObjectURL(link.href);
}

// What follows the choice --------------------------------------------------------------------------

function readout(figure) {
  const place = $(".readout", figure);
  const forms = Object.fromEntries(data.charts[figure.shown.chart].columns.map((c) => [c.field, c.form]));
  const told = figure.shown.panels.map((panel) => {
    const row = rowsOf(panel).find((one) => one.year === state.year) ?? {};
    const start = figure.shown.panels.length > 1 ? `${panel.title}: ` : "";
    const [middle, a, b, c, d] = ["q50", "q25", "q75", "q05", "q95"].map((name) => written(row[name], forms[name]));
    if (row.q50 !== null && row.q50 !== undefined)
      return `${start}median ${middle}; half of all futures ${a} to ${b}, nine in ten ${c} to ${d}`;
    return row.value === null || row.value === undefined ? "" : `${start}on record ${written(row.value, forms.value)}`;
  }).filter(Boolean);
  place.textContent = told.length ? `${state.year}: ${told.join(". ")}.` : "";
}

function yearShown() {
  const statements = scenarioOf().statements;
  $$("[data-year]").forEach((place) => { place.textContent = state.year; });
  $("#year").setAttribute("aria-valuetext", state.year);
  $$(".statements tbody tr").forEach((line, n) => {
    const { year, answers } = statements[n];
    const at = year.indexOf(state.year);
    $$("td", line).forEach((cell) => {
      const chance = answers[cell.dataset.kind]?.[at];
      $("span", cell).textContent = written(chance, "probability");
      cell.classList.toggle("none", chance === undefined);
      $("rect", cell).setAttribute("width", 100 * (chance ?? 0));
    });
  });
  for (const figure of $$("figure:not([hidden])")) {
    if ($(".readout", figure)) readout(figure);
    if (data.charts[figure.shown.chart].by_year) fillTable(figure, figure.shown);
  }
}
function scenarioOf() {
  const { scenarios } = opened.get(state.pair);
  return scenarios.find((scenario) => scenario.name === state.scenario) ?? scenarios[0];
}
function terms(list, place, named) {
  place.replaceChildren(...list.flatMap((one) => {
    const term = make("dt", named ? undefined : one.term);
    if (named) term.append(make("a", one.term, { href: `#${one.section}` }));
    return [term, make("dd", one.text)];
  }));
}

function textShown(pair, scenario) {
  document.title = `${scenario.headline} – Crossover`;
  $("h1").textContent = scenario.headline;
  $("#who").textContent = pair.label;
  $("#scenario-about").textContent = `${scenario.title}: ${scenario.description}`;
  terms(scenario.answer, $("#answers"), true);
  const untold = $("#untold");
  untold.replaceChildren(...pair.untold.map((text) => make("p", text)));
  const body = $(".statements tbody");
  body.replaceChildren(...scenario.statements.map((statement) => {
    const line = make("tr");
    line.append(make("th", statement.text, { scope: "row" }));
    const bar = $("#bar").content.firstElementChild;
    for (const kind of Object.keys(statement.answers)) {
      const cell = make("td", undefined, { "data-kind": kind });
      cell.append(make("span"), bar.cloneNode(true));
      line.append(cell);
    }
    return line;
  }));
  $("#cite").textContent = pair.cite;
  $("#trusted").replaceChildren(...pair.trust.map((text) => make("p", text)));
}

function figureShown(figure, shown) {
  figure.hidden = !shown;
  figure.shown = shown;
  if (!shown) return;
  $("h3", figure).textContent = shown.title;
  $(".unit", figure).textContent = shown.unit;
  $(".source p", figure).textContent = shown.source;
  $(".key", figure).replaceChildren(...shown.key.map(([swatch, text]) => {
    const entry = make("li");
    entry.append(make("span", undefined, { class: `swatch ${swatch}` }), text);
    return entry;
  }));
  fillTable(figure, shown);
}

let turn = 0;
async function show() {
  const mine = ++turn;
  const pair = await pairOf(state.pair);
  const scenario = scenarioOf();
  state.scenario = scenario.name;
  const slider = $("#year");
  [slider.min, slider.max] = [pair.origin, pair.horizon];
  state.year = Math.min(Math.max(state.year, pair.origin), pair.horizon);
  slider.value = state.year;
  const choice = $("#scenario");
  choice.replaceChildren(...pair.scenarios.map((one) => make("option", one.title, { value: one.name })));
  choice.value = state.scenario;
  textShown(pair, scenario);
  for (const figure of $$("figure")) figureShown(figure, scenario.figures[figure.dataset.name] ?? pair.shared[figure.dataset.name]);
  for (const section of $$("section[data-figures]")) {
    section.hidden = $$("figure", section).every((figure) => figure.hidden);
    $(`nav a[href="#${section.id}"]`).parentElement.hidden = section.hidden;
  }
  yearShown();
  kept();
  document.documentElement.dataset.drawn = "no";
  for (const figure of $$("figure:not([hidden])")) {
    await new Promise((go) => setTimeout(go)); // The page answers the reader in between.
    if (mine !== turn) return;
    await draw(figure, figure.shown);
  }
  document.documentElement.dataset.drawn = `${state.pair}/${state.scenario}`;
}

let waiting = 0;
function turned(year) {
  state.year = year;
  yearShown();
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(() => {
    for (const figure of $$("figure")) for (const view of figure.views ?? []) view.signal("year", year).runAsync();
    kept();
  });
}

// The address says what is shown, so that a view can be linked.
function kept() {
  history.replaceState(null, "", `#${state.pair}/${state.scenario}/${state.year}`);
}
function asked() {
  const [code, name, year] = decodeURIComponent(location.hash.slice(1)).split("/");
  if (!data.pairs.some((pair) => pair.code === code)) return false;
  Object.assign(state, { pair: code, scenario: name, year: Number(year) || state.year });
  return true;
}

function choose(tabs, tab, focus) {
  for (const one of tabs) {
    const chosen = one === tab;
    one.setAttribute("aria-selected", chosen);
    one.tabIndex = chosen ? 0 : -1;
    document.getElementById(one.getAttribute("aria-controls")).hidden = !chosen;
  }
  if (focus) tab.focus();
}
for (const list of $$("[role=tablist]")) {
  const tabs = $$("[role=tab]", list);
  choose(tabs, tabs[0], false);
  list.addEventListener("click", (event) => {
    if (tabs.includes(event.target)) choose(tabs, event.target, false);
  });
  list.addEventListener("keydown", (event) => {
    const at = tabs.indexOf(event.target);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    choose(tabs, tabs[(to + tabs.length) % tabs.length], true);
  });
}

let measured = 0;
new ResizeObserver(([entry]) => {
  if (Math.abs(entry.contentRect.width - measured) < 2) return;
  measured = entry.contentRect.width;
  for (const figure of $$("figure")) {
    for (const view of figure.views ?? []) {
      const width = view.container().clientWidth;
      if (width) view.width(width).runAsync();
    }
  }
}).observe($("main"));

opened.set(data.pair, data.opened);
$("#pair").addEventListener("change", (event) => { state.pair = event.target.value; show(); });
$("#scenario").addEventListener("change", (event) => { state.scenario = event.target.value; show(); });
$("#year").addEventListener("input", (event) => turned(Number(event.target.value)));
$("form").addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("click", (event) => {
  if (event.target.matches(".csv")) download(event.target.closest("figure"));
});
addEventListener("hashchange", () => { if (asked()) { $("#pair").value = state.pair; show(); } });
asked();
$("#pair").value = state.pair;
show();
