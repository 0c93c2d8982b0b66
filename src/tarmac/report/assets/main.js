// Starts the page: unpacks library and data, then draws; the address bar names the airport.

let chosenYear = 'all';

function hashCode() {
  try { return decodeURIComponent(location.hash.slice(1)); } catch { return ''; }
}

// An airport's address is its code, a carrier's begins with a word that no code has.
function openEntry(kind, code) {
  const hash = `#${encodeURIComponent(model.groups[kind].hash + code)}`;
  if (location.hash === hash) followHash();
  else location.hash = hash;
}

// The section and position that the address names; null where it names neither airport nor carrier.
function named() {
  const wanted = hashCode();
  for (const [kind, { index, hash }] of Object.entries(model.groups)) {
    const i = wanted.startsWith(hash) ? index.get(wanted.slice(hash.length)) : undefined;
    if (i !== undefined) return [kind, i];
  }
  return null;
}

function followHash() {
  if (openStory(hashCode())) return;
  const found = named();
  if (!found) return;
  drawSection(...found, chosenYear);
  byId(`${found[0]}-title`).closest('.head').scrollIntoView();
  byId(`${found[0]}-title`).focus({ preventScroll: true });
}

function drawTiles(year) {
  const span = spanOf(year);
  const all = { days: 0, scored: 0, flights: 0, cancelled: 0, airports: 0 };
  for (const series of model.series) {
    const total = sum(series, span);
    for (const name of ['days', 'scored', 'flights', 'cancelled']) all[name] += total[name];
    all.airports += total.days ? 1 : 0;
  }
  const flags = flagsIn(span);
  const sides = [[HIGH, 'above'], [LOW, 'below what was expected']].map(([side, text]) => `${count(flags.filter((flag) => flag.r === side).length)} ${text}`).join(', ');
  const put = (key, value, more) => {
    const holder = document.querySelector(`[data-tile="${key}"] dd`);
    holder.replaceChildren(value, make('small', {}, more));
  };
  const unscored = all.days - all.scored;
  put('flagged', count(flags.length), sides);
  put('share', percent(flags.length, all.scored), `${count(all.scored)} airport-days scored`);
  put('flights', count(all.flights), 'scheduled departures');
  put('cancelled', percent(all.cancelled, all.flights), counted(all.cancelled, 'flight', 'flights'));
  put('airports', count(all.airports), `${count(all.days)} airport-days, ${unscored ? `${count(unscored)} could not be scored` : 'all of them scored'}`);
}

function drawTables(year) {
  if (model.years.length > 1) drawTiles(year);
  drawStories(year);
  drawCalendar(year);
  drawWorst(year);
  drawCarriers(year);
}

function drawCharts(year) {
  drawMap(year);
  for (const kind of Object.keys(model.groups)) drawSection(kind, chosen[kind], year);
}

function drawYear(year) {
  chosenYear = year;
  drawTables(year);
  drawCharts(year);
}

const nextFrame = () => new Promise((go) => { requestAnimationFrame(() => setTimeout(go)); setTimeout(go, 200); });

async function loadCharts() {
  const script = document.createElement('script');
  script.textContent = await unpack('charts-packed');
  document.head.append(script);
  script.remove();
}

function drawYears() {
  if (model.years.length < 2) return;
  byId('years-label').hidden = false;
  const pick = byId('years');
  pick.replaceChildren(...['all', ...model.years].map((year) => make('option', { value: year }, year === 'all' ? 'All years' : String(year))));
  pick.addEventListener('change', () => drawYear(pick.value === 'all' ? 'all' : Number(pick.value)));
}

// The one that the address names, else the one with the worst day, else the busiest.
function chooseFirst() {
  for (const [kind, { flags, flightsOf }] of Object.entries(model.groups)) chosen[kind] = flags.length ? flags[0].a : flightsOf.indexOf(Math.max(...flightsOf));
  const found = named();
  if (found) [, chosen[found[0]]] = found;
}

const chartIds = () => ['map-chart', ...Object.keys(model.groups).map((kind) => `${kind}-series`)];

// A page that was saved holds the charts as they were drawn; plotly would draw into their remains.
function clearCharts() {
  for (const id of chartIds()) {
    byId(id).replaceChildren();
    byId(id).className = id === 'map-chart' ? 'chart' : 'chart series';
  }
}

// Paper has one width, which no window has: the charts are drawn for it, and the style fits them to the page.
function drawForPaper() {
  document.documentElement.toggleAttribute('data-print', true);
  drawCharts(chosenYear);
  for (const holder of document.querySelectorAll('.chart .svg-container')) {
    const [width, height] = [holder.style.width, holder.style.height].map(parseFloat);
    holder.style.aspectRatio = `${width} / ${height}`;
    for (const picture of holder.querySelectorAll('svg.main-svg')) picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
  }
}

// plotly keeps the size that a chart had on paper, so each is made anew.
function drawForScreen() {
  document.documentElement.toggleAttribute('data-print', false);
  for (const id of chartIds()) Plotly.purge(byId(id));
  drawCharts(chosenYear);
}

async function start() {
  if (typeof DecompressionStream === 'undefined') throw new Error('this browser is too old for the charts; one from 2023 or later shows them');
  buildModel(JSON.parse(await unpack('data-packed')));
  chooseFirst();
  // The tables show at once; the charts follow when their library, which takes a second to start, is there.
  drawTables('all');
  await nextFrame();
  clearCharts();
  await loadCharts();
  drawYears();
  drawCharts('all');
  for (const kind of Object.keys(model.groups)) makeSearch(kind);
  addEventListener('hashchange', followHash);
  addEventListener('beforeprint', drawForPaper);
  addEventListener('afterprint', drawForScreen);
  for (const query of ['(prefers-color-scheme: dark)', '(max-width: 640px)']) matchMedia(query).addEventListener('change', () => drawCharts(chosenYear));
  followHash();
  document.documentElement.dataset.ready = 'true';
}

start().catch((error) => {
  const trouble = byId('trouble');
  trouble.textContent = `The charts could not be drawn: ${error.message}. The figures above hold.`;
  trouble.hidden = false;
  for (const card of document.querySelectorAll('.card')) card.hidden = true;
  console.error(error);
});
