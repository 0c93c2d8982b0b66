// All carriers in one table; each opens in the section below it.

const carrierLink = (i) => {
  const { code } = model.groups.carrier.entries[i];
  return make('a', { href: `#${encodeURIComponent(model.groups.carrier.hash + code)}` }, code);
};

function drawCarriers(year) {
  const group = model.groups.carrier;
  if (!group) return;
  const span = spanOf(year);
  const flags = flagsIn(span, group.flags);
  const rows = group.series.map((series, i) => ({ i, ...sum(series, span), flags: flags.filter((flag) => flag.a === i) })).filter((row) => row.days);
  rows.sort((one, two) => two.flights - one.flights);
  const heads = ['Carrier', 'Flights', 'Cancelled', 'Mean delay', 'Abnormal days', 'Worst day'].map((label, n) => make('th', { scope: 'col', class: n && n < 5 ? 'n' : null }, label));
  byId('carrier-list').replaceChildren(make('table', { class: 'rows' }, make('thead', {}, make('tr', {}, ...heads)), make('tbody', {}, ...rows.map(carrierRow))));
}

function carrierRow(row) {
  const [worst] = row.flags;
  const told = worst ? [shortDay.format(timeOf(worst.t)), make('small', {}, [worst.w === null ? null : `${count(worst.w)} flights lost`, `${percent(worst.c, worst.f)} cancelled`].filter(Boolean).join(', '))] : ['–'];
  return make('tr', {},
    make('td', { class: 'place' }, carrierLink(row.i), make('small', {}, model.groups.carrier.entries[row.i].city || 'Name not known')),
    numberCell('Flights', count(row.flights)), numberCell('Cancelled', percent(row.cancelled, row.flights)),
    numberCell('Mean delay', row.departed ? minutes(row.weighted / row.departed) : '–'),
    numberCell('Abnormal days', `${count(row.flags.length)} of ${count(row.scored)}`),
    make('td', { 'data-label': 'Worst day', class: 'wide-cell' }, ...told));
}
