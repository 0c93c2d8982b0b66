// Tables of flagged days: the worst of all airports, and those of one airport.

const numberCell = (label, ...content) => make('td', { 'data-label': label, class: 'n' }, ...content);

const COLUMNS = {
  day: ['Date', (row) => row.t, (row) => make('td', { class: 'day' }, shortDay.format(timeOf(row.t)), make('small', {}, weekDay.format(timeOf(row.t))))],
  airport: ['Airport', (row) => model.airports[row.a].code, (row) => make('td', { class: 'place' }, airportLink(row.a), make('small', {}, cityOf(model.airports[row.a])))],
  observed: ['Observed', (row) => row.v, (row) => numberCell('Observed', observed(row), make('small', {}, measureName(row.m))), 'n'],
  expected: ['Expected', (row) => row.e, (row) => numberCell('Expected', inUnits(row.m, row.e), make('small', {}, interval(row))), 'n'],
  delay: ['Mean delay', (row) => row.d, (row) => numberCell('Mean delay', minutes(row.d)), 'n'],
  flights: ['Flights', (row) => row.f, (row) => numberCell('Flights', count(row.f)), 'n'],
  cancelled: ['Cancelled', (row) => row.c / row.f, (row) => numberCell('Cancelled', percent(row.c, row.f)), 'n'],
  score: ['Score', (row) => row.s, (row) => numberCell('Score', row.s === null ? '–' : tenths.format(row.s)), 'n'],
  direction: ['Direction', (row) => row.r, (row) => make('td', { 'data-label': 'Direction', class: 'side-cell' }, direction(row, true))],
  cause: ['Main cause', (row) => cause(row), (row) => make('td', { 'data-label': 'Main cause', class: 'wide-cell' }, cause(row), row.k === null ? null : make('small', {}, `${row.p}% of reported minutes`))],
  also: ['Also flagged by', (row) => row.o, (row) => make('td', { 'data-label': 'Also flagged by', class: 'wide-cell' }, [row.o & 1 ? 'Isolation Forest' : '', row.o & 2 ? 'ARIMA' : ''].filter(Boolean).join(', ') || '–')],
};

// The measures that were judged decide whether the mean delay needs a column of its own.
function columnsFor(names) {
  const delayed = model.measures.every((name) => name === 'mean_dep_delay');
  const caused = model.flags.some((flag) => flag.k !== null);
  const others = model.flags.some((flag) => flag.o);
  return names.filter((name) => (name !== 'delay' || !delayed) && (name !== 'cause' || caused) && (name !== 'also' || others));
}

function compare(value, sign) {
  return (one, two) => {
    const a = value(one);
    const b = value(two);
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (a < b ? -1 : a > b ? 1 : 0);
  };
}

function flagTable(names, rows, sort, onSort) {
  const heads = names.map((name) => {
    const [label, , , kind] = COLUMNS[name];
    const sorted = sort.by === name ? (sort.sign > 0 ? 'ascending' : 'descending') : null;
    const mark = sorted ? (sort.sign > 0 ? ' ↑' : ' ↓') : '';
    return make('th', { scope: 'col', class: kind, 'aria-sort': sorted }, make('button', { type: 'button', 'data-sort': name, on: { click: () => onSort(name) } }, label + mark));
  });
  const lines = rows.map((row) => make('tr', {}, ...names.map((name) => COLUMNS[name][2](row))));
  return make('table', { class: names.includes('airport') ? 'rows' : 'rows single' }, make('thead', {}, make('tr', {}, ...heads)), make('tbody', {}, ...lines));
}

// A table with its state: which rows, how sorted, how many shown.
function flagPanel(holder, more, names, step) {
  const state = { rows: [], by: 'score', sign: -1, shown: step };
  const draw = () => {
    const columns = columnsFor(names);
    const rows = [...state.rows].sort(compare(COLUMNS[state.by][1], state.sign));
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
  return { show: (rows) => { Object.assign(state, { rows, shown: step }); draw(); }, sortBy, columns: () => columnsFor(names) };
}

let worstPanel = null;
let worstDirection = 'all';

function drawWorst(year) {
  if (!worstPanel) makeWorst();
  const rows = flagsIn(spanOf(year));
  const kinds = [['all', 'All'], [HIGH, '▲ High'], [LOW, '▼ Low']];
  choice(byId('worst-filter'), kinds, worstDirection, (value) => { worstDirection = value; drawWorst(year); });
  const shown = worstDirection === 'all' ? rows : rows.filter((row) => row.r === worstDirection);
  byId('worst-note').textContent = `${counted(shown.length, 'abnormal airport-day', 'abnormal airport-days')}; observed against expected, with the interval of an ordinary day.`;
  worstPanel.show(shown);
}

function makeWorst() {
  const names = ['day', 'airport', 'observed', 'expected', 'delay', 'flights', 'cancelled', 'score', 'direction', 'cause'];
  worstPanel = flagPanel(byId('worst-table'), byId('worst-more'), names, narrow() ? 10 : 20);
  const pick = byId('worst-sort');
  pick.replaceChildren(...worstPanel.columns().map((name) => make('option', { value: name, selected: name === 'score' ? '' : null }, COLUMNS[name][0])));
  pick.addEventListener('change', () => worstPanel.sortBy(pick.value));
}
