// Tables of flagged days: the worst of all airports, and those of one airport.

const numberCell = (label, ...content) => make('td', { 'data-label': label, class: 'n' }, ...content);

// How a unit is written; the page's list of columns says which unit a measure has.
const UNITS = {
  minutes, share: (value) => (value === null ? '–' : percent(value, 1)), flights: count, lost: (value) => (value === null ? '–' : count(value)),
  number: (value) => (value === null ? '–' : tenths.format(value)), severity: (value) => (value === null ? '–' : severityMark(value)),
};
const usually = (value) => (value === null ? null : make('small', {}, `usually ${value}`));

// Measures that are told in more than their own number.
const MORE = {
  w: (row) => [UNITS.lost(row.w), row.w === null ? null : make('small', {}, `${percent(row.w, row.f)} of the schedule`)],
  c: (row) => [percent(row.c, row.f), usually(row.usualCancelled === null ? null : percent(row.usualCancelled, row.f))],
  d: (row) => [minutes(row.d), usually(row.usualDelay === null ? null : minutes(row.usualDelay))],
};

// A column of a table: label, what it is sorted by, its cell, its class.
function measureColumn({ key, label, unit }) {
  const content = MORE[key] || ((row) => [UNITS[unit](row[key])]);
  return [label, (row) => (key === 'c' ? row.c / row.f : row[key]), (row) => numberCell(label, ...content(row)), 'n'];
}

function tableColumns() {
  return {
    day: ['Date', (row) => row.t, (row) => make('td', { class: 'day' }, shortDay.format(timeOf(row.t)), make('small', {}, weekDay.format(timeOf(row.t))))],
    airport: ['Airport', (row) => model.airports[row.a].code, (row) => make('td', { class: 'place' }, airportLink(row.a), make('small', {}, cityOf(model.airports[row.a])))],
    observed: ['Observed', (row) => row.v, (row) => numberCell('Observed', observed(row), make('small', {}, measureName(row.m))), 'n'],
    expected: ['Expected', (row) => row.e, (row) => numberCell('Expected', inUnits(row.m, row.e), make('small', {}, interval(row))), 'n'],
    ...Object.fromEntries(model.columns.filter((column) => column.table).map((column) => [column.name, measureColumn(column)])),
    direction: ['Direction', (row) => row.r, (row) => make('td', { 'data-label': 'Direction', class: 'side-cell' }, direction(row, true))],
    cause: ['Main cause of delays', (row) => cause(row), (row) => make('td', { 'data-label': 'Main cause of delays', class: 'wide-cell' }, cause(row), row.k === null ? null : make('small', {}, `${row.p}% of reported minutes`))],
    also: ['Also flagged by', (row) => row.o, (row) => make('td', { 'data-label': 'Also flagged by', class: 'wide-cell' }, [row.o & 1 ? 'Isolation Forest' : '', row.o & 2 ? 'ARIMA' : ''].filter(Boolean).join(', ') || '–')],
  };
}

// What none of the days has gets no column; the losses, where they are known, say more than the detector's expectation.
function columnsFor(flags, withAirport) {
  const known = flags.some((flag) => flag.w !== null);
  const has = {
    airport: withAirport, observed: !known, expected: !known, cause: flags.some((flag) => flag.k !== null), also: !withAirport && flags.some((flag) => flag.o),
    direction: flags.some((flag) => flag.r !== HIGH),
  };
  for (const { name, key, table } of model.columns) if (table) has[name] = flags.some((flag) => flag[key] !== null);
  return Object.entries(tableColumns()).filter(([name]) => has[name] ?? true);
}

function compare(value, sign) {
  return (one, two) => {
    const a = value(one);
    const b = value(two);
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (a < b ? -1 : a > b ? 1 : 0);
  };
}

function flagTable(columns, rows, sort, onSort) {
  const heads = columns.map(([name, [label, , , kind]]) => {
    const sorted = sort.by === name ? (sort.sign > 0 ? 'ascending' : 'descending') : null;
    const mark = sorted ? (sort.sign > 0 ? ' ↑' : ' ↓') : '';
    return make('th', { scope: 'col', class: kind, 'aria-sort': sorted }, make('button', { type: 'button', 'data-sort': name, on: { click: () => onSort(name) } }, label + mark));
  });
  const lines = rows.map((row) => make('tr', {}, ...columns.map(([, [, , cell]]) => cell(row))));
  const single = columns.every(([name]) => name !== 'airport');
  return make('table', { class: single ? 'rows single' : 'rows' }, make('thead', {}, make('tr', {}, ...heads)), make('tbody', {}, ...lines));
}

// A table with its state: which rows, how sorted, how many shown. `all` are the flagged days that decide on its columns.
function flagPanel(holder, more, all, withAirport, step) {
  const columns = columnsFor(all, withAirport);
  const values = Object.fromEntries(columns.map(([name, [, value]]) => [name, value]));
  const state = { rows: [], by: ['lost_flights', 'anomaly_score', 'day'].find((name) => values[name]), sign: -1, shown: step };
  const draw = () => {
    const rows = [...state.rows].sort(compare(values[state.by], state.sign));
    const table = rows.length ? flagTable(columns, rows.slice(0, state.shown), state, sortBy) : make('p', { class: 'empty' }, 'No flagged days.');
    holder.replaceChildren(table);
    more.parentElement.hidden = rows.length <= state.shown;
    more.textContent = `Show ${count(Math.min(step * 2, rows.length - state.shown))} more of ${count(rows.length)}`;
  };
  const sortBy = (name) => {
    const focused = holder.contains(document.activeElement);
    state.sign = state.by === name ? -state.sign : (['airport', 'day', 'cause', 'direction'].includes(name) ? 1 : -1);
    state.by = name;
    draw();
    if (focused) holder.querySelector(`[data-sort="${name}"]`)?.focus();
  };
  more.addEventListener('click', () => { state.shown += step * 2; draw(); });
  return { show: (rows) => { Object.assign(state, { rows, shown: step }); draw(); }, sortBy, columns, by: () => state.by };
}

let worstPanel = null;
let worstDirection = 'all';

function drawWorst(year) {
  if (!worstPanel) makeWorst();
  const rows = flagsIn(spanOf(year));
  const kinds = [['all', 'All'], [HIGH, '▲ High'], [LOW, '▼ Low']];
  choice(byId('worst-filter'), kinds, worstDirection, (value) => { worstDirection = value; drawWorst(year); });
  const shown = worstDirection === 'all' ? rows : rows.filter((row) => row.r === worstDirection);
  byId('worst-note').textContent = `${counted(shown.length, 'abnormal airport-day', 'abnormal airport-days')}, those first that lost most flights.`;
  worstPanel.show(shown);
}

function makeWorst() {
  worstPanel = flagPanel(byId('worst-table'), byId('worst-more'), model.flags, true, narrow() ? 10 : 20);
  const pick = byId('worst-sort');
  pick.replaceChildren(...worstPanel.columns.map(([name, [label]]) => make('option', { value: name, selected: name === worstPanel.by() ? '' : null }, label)));
  pick.addEventListener('change', () => worstPanel.sortBy(pick.value));
}
