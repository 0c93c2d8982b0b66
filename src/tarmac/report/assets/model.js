// The data as the page asks for it: days are whole numbers from January 1 of the first year.

const DAY = 86400000;
let model = null;

function buildModel(data) {
  const start = Date.parse(`${data.start}T00:00:00Z`);
  model = { ...data, start, ...buildGroup(data, data) };
  model.spans = new Map(data.years.map((year) => [year, [dayOf(Date.UTC(year, 0, 1)), dayOf(Date.UTC(year, 11, 31))]]));
  model.last = model.spans.get(data.years[data.years.length - 1])[1];
  model.groups = { airport: { entries: data.airports, series: data.series, flags: model.flags, index: model.index, flightsOf: model.flightsOf, hash: '' } };
  if (data.carriers) model.groups.carrier = { ...data.carriers, ...buildGroup(data.carriers, data), hash: 'carrier-' };
  return model;
}

// Of airports or of carriers: their positions by code, their flagged days, those first that lost most, and their flights.
function buildGroup(group, data) {
  const entries = group.entries || group.airports;
  const rows = group.flags.a.map((a, i) => readFlag(group, a, i, data));
  return {
    index: new Map(entries.map((entry, i) => [entry.code, i])),
    flags: rows.sort((one, two) => (two.w ?? -1) - (one.w ?? -1) || (two.s ?? -1) - (one.s ?? -1) || one.a - two.a || one.t - two.t),
    flightsOf: group.series.map((series) => series.f.reduce((all, flights) => all + (flights || 0), 0)),
  };
}

const dayOf = (time) => Math.round((time - model.start) / DAY);
const timeOf = (day) => model.start + day * DAY;
const isoOf = (day) => new Date(timeOf(day)).toISOString().slice(0, 10);

// A flagged day: a airport, t day, v observed, e l u expected and interval, r direction, k p main cause and its share in
// percent, o other detectors (1 forest, 2 ARIMA), and the measures of the list of columns by their keys.
function readFlag({ series, flags }, a, i, data) {
  const t = flags.t[i];
  const here = at(series[a], t, data);
  const scale = data.scales[here.m];
  const value = flags.v[i];
  const flag = { ...here, a, t, v: value === null ? null : value / scale, r: flags.r[i], k: flags.k[i], p: flags.p[i], o: flags.o[i] || 0 };
  for (const column of data.columns) if (!column.daily) flag[column.key] = unscaled(flags[column.key][i], column);
  flag.usualCancelled = flag.x === null ? null : Math.max(0, flag.c - flag.x);
  flag.usualDelay = flag.y === null || flag.d === null || flag.f <= flag.c ? null : flag.d - flag.y / (flag.f - flag.c);
  return flag;
}

const unscaled = (value, column) => (value === null || value === undefined ? null : value / column.scale);

// One airport's day in the measures' own units; null on days without flights.
function at(series, day, data = model) {
  const i = day - series.day;
  const flights = series.f[i];
  if (flights === undefined || flights === null) return null;
  const m = Array.isArray(series.m) ? series.m[i] : series.m;
  const scale = data.scales[m];
  const expected = series.e[i];
  const off = (by, sign) => (by === null || expected === null ? null : (expected + sign * by) / scale);
  const row = { m, e: expected === null ? null : expected / scale, l: off(series.l[i], -1), u: off(series.u[i], 1), scored: Boolean(Array.isArray(series.j) ? series.j[i] : series.j) };
  for (const column of data.columns) if (column.daily) row[column.key] = unscaled(series[column.key][i], column);
  return row;
}

const kindOf = (m) => {
  const name = model.measures[m];
  if (name === 'mean_dep_delay' || name.endsWith('_delay')) return 'minutes';
  return name.endsWith('_share') ? 'share' : 'number';
};
const measureName = (m) => (model.measures[m] === 'cancelled_share' ? 'cancelled'
  : model.measures[m] === 'mean_dep_delay' ? 'mean delay' : model.measures[m].replace(/_/g, ' '));
const plain = (m, value) => {
  if (value === null) return '–';
  if (kindOf(m) === 'minutes') return minus(tenths.format(value)).replace('.0', '');
  return kindOf(m) === 'share' ? percent(value, 1).replace('%', '') : minus(tenths.format(value));
};
const unit = (m) => ({ minutes: ' min', share: '%', number: '' })[kindOf(m)];
const inUnits = (m, value) => (value === null ? '–' : `${roundFor(m, value)}${unit(m)}`);
const roundFor = (m, value) => (kindOf(m) === 'minutes' ? minus(Math.abs(value) < 10 ? tenths.format(value) : whole.format(value)) : plain(m, value));
const interval = (row) => (row.l === null || row.u === null ? '' : `${roundFor(row.m, row.l)} to ${roundFor(row.m, row.u)}${unit(row.m)}`);

// What the detector looked at: a whole day of cancellations has no mean, and says so.
const observed = (row) => {
  if (row.v !== null) return inUnits(row.m, row.v);
  return row.c >= row.f ? 'All cancelled' : minutes(row.d);
};
const cause = (row) => (row.k === null ? '–' : model.causes[row.k]);
const cityOf = (airport) => airport.city || airport.name || 'Place not known';

// The chosen years: first and last day, both included.
function spanOf(year) {
  return year === 'all' ? [0, model.last] : model.spans.get(year);
}

// The months of the chosen years that have flights: a year that is not complete is not drawn to its end.
function drawnSpan(year) {
  const [first, last] = spanOf(year);
  const known = days.map((day, i) => (day.airports && i >= first && i <= last ? i : null)).filter((i) => i !== null);
  if (!known.length) return [first, last];
  const [begin, end] = [new Date(timeOf(known[0])), new Date(timeOf(known[known.length - 1]))];
  return [dayOf(Date.UTC(begin.getUTCFullYear(), begin.getUTCMonth(), 1)), dayOf(Date.UTC(end.getUTCFullYear(), end.getUTCMonth() + 1, 0))];
}
const flagsIn = ([first, last], flags = model.flags) => flags.filter((flag) => flag.t >= first && flag.t <= last);

// Sums over days of one airport or of all.
function sum(series, [first, last]) {
  const total = { days: 0, scored: 0, flights: 0, cancelled: 0, weighted: 0, departed: 0 };
  const from = Math.max(0, first - series.day);
  const to = Math.min(series.f.length - 1, last - series.day);
  for (let i = from; i <= to; i += 1) {
    if (series.f[i] !== null) {
      total.days += 1;
      total.scored += Array.isArray(series.j) ? series.j[i] : series.j || 0;
      total.flights += series.f[i];
      total.cancelled += series.c[i];
      if (series.d[i] !== null) {
        total.weighted += (series.d[i] / 10) * (series.f[i] - series.c[i]);
        total.departed += series.f[i] - series.c[i];
      }
    }
  }
  return total;
}

// By day: airports with flights, flights, cancelled, and the day's flags.
function countDays() {
  const days = Array.from({ length: model.last + 1 }, () => ({ airports: 0, flights: 0, cancelled: 0, flags: [] }));
  for (const series of model.series) {
    series.f.forEach((flights, i) => {
      if (flights !== null) {
        const day = days[series.day + i];
        day.airports += 1;
        day.flights += flights;
        day.cancelled += series.c[i];
      }
    });
  }
  for (const flag of model.flags) days[flag.t].flags.push(flag);
  return days;
}
