// The map: airports on a flat sheet in km, land as dots, and beside it the most affected airports.

let mapColour = 'share';
const MAP_MEASURE = { share: 'share of scored days that were abnormal', number: 'number of abnormal days' };

function airportTotals(span) {
  const totals = model.series.map((series, a) => ({ a, ...sum(series, span), high: 0, low: 0, flagged: 0 }));
  for (const flag of flagsIn(span)) {
    totals[flag.a].flagged += 1;
    if (flag.r === HIGH) totals[flag.a].high += 1;
    if (flag.r === LOW) totals[flag.a].low += 1;
  }
  return totals;
}

function drawMap(year) {
  const totals = airportTotals(spanOf(year)).filter((total) => total.days);
  byId('map-measure').textContent = MAP_MEASURE[mapColour];
  choice(byId('map-colour'), [['share', 'Share of days'], ['number', 'Number of days']], mapColour, (value) => {
    mapColour = value;
    drawMap(year);
  });
  const value = (total) => (mapColour === 'share' ? (total.scored ? total.flagged / total.scored : 0) : total.flagged);
  drawRanking(totals, value);
  const placed = totals.filter((total) => model.airports[total.a].x !== null).sort((one, two) => two.flights - one.flights);
  byId('map-chart').hidden = placed.length === 0;
  if (placed.length) drawAirports(placed, value);
}

// The colour scale ends where nineteen of twenty airports lie: one strange airport must not pale the rest.
function topOf(placed, value) {
  const sorted = placed.map(value).sort((one, two) => one - two);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))] || sorted[sorted.length - 1] || 1;
}

function drawAirports(placed, value) {
  const chart = byId('map-chart');
  const most = placed[0].flights || 1;
  const wide = narrow() ? 15 : placed.length < 12 ? 20 : 30;
  const size = (total) => Math.max(narrow() ? 4 : 6, wide * Math.sqrt(total.flights / most));
  const top = topOf(placed, value);
  const spot = (total) => model.airports[total.a];
  const steps = [1, 2, 3, 4, 5].map((i) => css(`--c${i}`));
  const colours = placed.map((total) => (value(total) === 0 ? css('--bars') : steps[Math.min(4, Math.floor((value(total) / top) * 5))]));
  const trace = {
    type: 'scatter', mode: 'markers', x: placed.map((t) => spot(t).x), y: placed.map((t) => spot(t).y),
    customdata: placed.map((t) => t.a), text: placed.map(mapText), hovertemplate: '%{text}<extra></extra>',
    marker: {
      size: placed.map(size), color: colours, opacity: 0.92,
      line: { color: css('--series'), width: 0.7 },
    },
  };
  const layout = mapLayout(placed);
  layout.annotations = [...regionNames(layout.xaxis.range), ...bigNames(placed, size, layout.xaxis.range)];
  Plotly.react(chart, [trace], layout, chartConfig()).then(() => onPoint(chart, (point) => {
    if (point.customdata !== undefined) location.hash = encodeURIComponent(model.airports[point.customdata].code);
  }));
  drawMapKey(top, steps);
}

// What a dot says when it is pointed at.
function mapText(total) {
  const airport = model.airports[total.a];
  return `<b>${forPlotly(airport.code)}</b> ${forPlotly(cityOf(airport))}<br>${counted(total.flagged, 'abnormal day', 'abnormal days')} of ${count(total.days)} (${percent(total.flagged, total.scored)})<br>`
    + `${count(total.flights)} flights, ${percent(total.cancelled, total.flights)} cancelled`;
}

// Seven thousand dots as one picture: as a trace they would cost half a second.
function landPicture([west, east], [south, north], size) {
  const path = Object.values(model.land).flat().map(([right, up]) => `M${right - west} ${north - up}h0`).join('');
  const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${east - west} ${north - south}" width="${east - west}" height="${north - south}"><path d="${path}" stroke="${css('--land')}" stroke-width="${size}" stroke-linecap="round"/></svg>`;
  return {
    source: `data:image/svg+xml,${encodeURIComponent(picture)}`, layer: 'below', xref: 'x', yref: 'y', sizing: 'stretch',
    x: west, y: north, sizex: east - west, sizey: north - south,
  };
}

// Airports of one corner of the country get a map of that corner, at least 1200 km wide.
function mapWindow(placed, sheet) {
  const spots = placed.map((total) => model.airports[total.a]);
  if (spots.some((spot) => spot.region)) return sheet;
  const middle = (low, high, least) => [(low + high - Math.max(least, (high - low) * 1.3)) / 2, (low + high + Math.max(least, (high - low) * 1.3)) / 2];
  const box = ['x', 'y'].map((axis) => middle(Math.min(...spots.map((s) => s[axis])), Math.max(...spots.map((s) => s[axis])), axis === 'x' ? 1200 : 790));
  return box[0][1] - box[0][0] < 2000 && box[1][1] - box[1][0] < 1300 ? box : sheet;
}

// West and east, south and north end of the sheet that holds all land.
function mapSheet() {
  const dots = Object.values(model.land).flat();
  const ends = (i) => dots.reduce(([low, high], dot) => [Math.min(low, dot[i] - (i ? 190 : 60)), Math.max(high, dot[i] + 60)], [Infinity, -Infinity]);
  return [ends(0), ends(1)];
}

function mapLayout(placed) {
  const sheet = mapSheet();
  const frame = mapWindow(placed, sheet);
  const axis = (range) => ({ range, visible: false, fixedrange: touch() });
  return {
    ...baseLayout(470), margin: { l: 0, r: 0, t: 0, b: 0 }, showlegend: false, hovermode: 'closest', dragmode: touch() ? false : 'pan',
    images: [landPicture(...sheet, frame === sheet ? 23 : 10)], xaxis: axis(frame[0]), yaxis: { ...axis(frame[1]), scaleanchor: 'x' },
  };
}

const mapWidth = () => (printing() ? PAPER : byId('map-chart').clientWidth || 790);

// Names below their regions; one that would reach over the map's edge stands further in.
function regionNames([west, east]) {
  if (narrow()) return [];
  return Object.entries(model.land).filter(([name]) => name).map(([name, dots]) => {
    const xs = dots.map((dot) => dot[0]);
    const lowest = Math.min(...dots.map((dot) => dot[1]), ...model.airports.filter((airport) => airport.region === name).map((airport) => airport.y - 60));
    const half = (name.length * 3.3 * (east - west)) / mapWidth();
    const x = Math.min(Math.max(middleOf(xs), west + half), east - half);
    return note(name, x, lowest - 30, 'top', 11, css('--soft'));
  });
}

const middleOf = (values) => (Math.min(...values) + Math.max(...values)) / 2;
const note = (text, x, y, anchor, size, colour) => ({
  x, y, text: forPlotly(text), showarrow: false, yanchor: anchor, font: { size, color: colour }, captureevents: false,
});

// Codes of the busiest airports, leaving out those whose name would lie on another's.
function bigNames(placed, size, [west, east]) {
  const kept = [];
  const room = (32 * (east - west)) / mapWidth();
  for (const total of placed.slice(0, 40)) {
    const { x, y, code } = model.airports[total.a];
    if (kept.length < (narrow() ? 8 : 22) && kept.every((other) => Math.abs(other.x - x) > room * 1.2 || Math.abs(other.y - y) > room * 0.8)) {
      kept.push({ x, y, code, up: size(total) / 2 - 2 });
    }
  }
  return kept.map(({ x, y, code, up }) => ({ ...note(code, x, y, 'bottom', narrow() ? 10 : 11, css('--ink')), yshift: up }));
}

function drawMapKey(top, steps) {
  const shown = (share) => (mapColour === 'share' ? percent(share, 1) : tenths.format(share).replace('.0', ''));
  const marks = steps.map((_, i) => {
    const label = i === 4 ? `over ${shown((top * 4) / 5)}` : `to ${shown((top * (i + 1)) / 5)}`;
    return make('span', {}, make('i', { class: `k${i + 1}` }), label);
  });
  const none = make('i', {});
  none.style.background = 'var(--bars)';
  byId('map-key').replaceChildren(make('span', {}, 'Abnormal days:'), make('span', {}, none, 'none'), ...marks);
}

function drawRanking(totals, value) {
  // A share over a handful of days says nothing; thirty are asked for where airports have them.
  const enough = totals.filter((total) => total.scored >= 30);
  const ranked = (mapColour === 'share' && enough.length ? enough : totals).filter((total) => total.flagged)
    .sort((one, two) => value(two) - value(one) || two.flights - one.flights).slice(0, 10);
  const title = mapColour === 'share' ? 'Largest share of abnormal days' : 'Most abnormal days';
  const rows = ranked.map((total) => {
    const bar = make('b', {});
    bar.style.width = `${(100 * value(total)) / value(ranked[0])}%`;
    return make('li', {}, airportLink(total.a), make('span', { class: 'where' }, cityOf(model.airports[total.a])),
      make('span', { class: 'what' }, `${count(total.flagged)} of ${count(total.scored)} (${percent(total.flagged, total.scored)})`),
      make('span', { class: 'meter', 'aria-hidden': 'true' }, bar));
  });
  const note30 = mapColour === 'share' && enough.length < totals.length && enough.length ? 'Airports with at least 30 scored days.' : 'Abnormal of scored days.';
  byId('ranking').replaceChildren(make('h3', {}, title), make('p', { class: 'sub' }, note30),
    rows.length ? make('ol', { class: 'list ranking' }, ...rows) : make('p', { class: 'empty' }, 'No abnormal days.'));
}
