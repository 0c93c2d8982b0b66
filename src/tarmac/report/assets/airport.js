// One airport or one carrier: search, facts, its series with interval and flags, its flagged days, its disruptions.

const panels = {};
const chosen = { airport: 0, carrier: 0 };
const part = (kind, name) => byId(`${kind}-${name}`);

const touch = () => matchMedia('(pointer: coarse)').matches;

// plotly's own choice of buttons holds one that sends the chart to its maker's cloud: the data stay in this file.
const chartConfig = () => ({
  displaylogo: false, responsive: true, displayModeBar: touch() ? false : 'hover', showTips: false, doubleClick: 'reset',
  showSendToCloud: false, modeBarButtons: [['zoom2d', 'pan2d', 'zoomIn2d', 'zoomOut2d', 'resetScale2d']],
});

function baseLayout(height) {
  const family = getComputedStyle(document.documentElement).fontFamily;
  return {
    ...(printing() ? { width: PAPER, height, autosize: false } : {}),
    paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)',
    font: { family, size: 12, color: css('--soft') },
    hoverlabel: { bgcolor: css('--surface'), bordercolor: css('--soft'), font: { family, color: css('--ink'), size: 13 }, align: 'left' },
    modebar: { bgcolor: 'rgba(0,0,0,0)', color: css('--soft'), activecolor: css('--accent') },
  };
}

// Plotly keeps its listeners over a redraw.
function onPoint(chart, act) {
  chart.removeAllListeners('plotly_click');
  chart.on('plotly_click', (event) => act(event.points[0]));
}

function drawSection(kind, i, year) {
  const group = model.groups[kind];
  if (!group) return;
  chosen[kind] = i;
  const entry = group.entries[i];
  const span = spanOf(year);
  const flags = flagsIn(span, group.flags).filter((flag) => flag.a === i);
  const total = sum(group.series[i], span);
  part(kind, 'title').textContent = entry.city ? `${entry.city} (${entry.code})` : entry.code;
  part(kind, 'place').textContent = kind === 'carrier' ? '' : [entry.name, entry.state].filter(Boolean).join(', ') || 'Place and name not known.';
  drawItsStories(kind, i, span);
  drawFacts(part(kind, 'facts'), total, flags);
  drawSeries(part(kind, 'series'), group.series[i], drawnSpan(year), flags);
  drawSeriesKey(part(kind, 'series-key'));
  part(kind, 'flagged-title').hidden = !total.days;
  panels[kind] = panels[kind] || flagPanel(part(kind, 'flagged'), part(kind, 'flagged-more'), group.flags, false, 15);
  panels[kind].show(flags);
}

function drawItsStories(kind, i, span) {
  const { code } = model.groups[kind].entries[i];
  const own = storiesIn(span).filter((story) => (kind === 'carrier' ? story.codes.includes(code) : story.spots.includes(i)));
  const links = own.slice(0, 8).flatMap((story, n) => [n ? ', ' : '', storyLink(story), ` (${story.when})`]);
  part(kind, 'stories').replaceChildren(...(own.length ? [`${counted(own.length, 'disruption', 'disruptions')}: `, ...links, own.length > 8 ? ` and ${count(own.length - 8)} more.` : '.'] : []));
}

function drawFacts(holder, total, flags) {
  const high = flags.filter((flag) => flag.r === HIGH).length;
  const low = flags.filter((flag) => flag.r === LOW).length;
  const line = (name, value, more) => make('div', {}, make('dt', {}, name), make('dd', {}, value, more ? make('small', {}, more) : null));
  holder.replaceChildren(
    line('Abnormal days', `${count(flags.length)} of ${count(total.scored)}`, `${percent(flags.length, total.scored)}; ${count(high)} high, ${count(low)} low`),
    line('Mean departure delay', total.departed ? `${minus(tenths.format(total.weighted / total.departed))} min` : '–', 'over departed flights'),
    line('Flights', count(total.flights), `on ${counted(total.days, 'day', 'days')}`),
    line('Cancelled', percent(total.cancelled, total.flights), counted(total.cancelled, 'flight', 'flights')),
  );
}

function drawSeriesKey(holder) {
  const mark = (kind, colour, label) => {
    const sign = make('i', { class: kind });
    if (colour) sign.style.background = `var(${colour})`;
    return make('span', {}, sign, label);
  };
  holder.replaceChildren(
    mark('line', '--series', 'Observed'), mark('dash', null, 'Expected'), mark('band', '--band', 'Interval of an ordinary day'),
    make('span', { class: 'high' }, '▲ High'), make('span', { class: 'low' }, '▼ Low'),
  );
}

function daysOf(series, [first, last]) {
  const rows = [];
  for (let day = Math.max(first, series.day); day <= Math.min(last, series.day + series.f.length - 1); day += 1) rows.push({ t: day, ...at(series, day) });
  return rows;
}

function drawSeries(chart, series, span, flags) {
  const rows = daysOf(series, span);
  // A chart draws, and a hover label lists, in this order.
  const pairs = [bandTraces(rows, 'minutes', 'y'), bandTraces(rows, 'share', 'y2')].filter((pair) => pair.length);
  const [bands, lines] = [pairs.map(([band]) => band), pairs.map(([, line]) => line)];
  const traces = [
    ...bands, delayTrace(rows), ...lines, cancelledTrace(rows), flightsTrace(rows),
    ...[HIGH, LOW, 0].flatMap((side) => flagTrace(flags.filter((flag) => flag.r === side), side)),
  ];
  Plotly.react(chart, traces, seriesLayout(span, rows), chartConfig());
}

const isoDays = (rows) => rows.map((row) => isoOf(row.t));
const placeOf = (row) => (row.d === null || model.measures[row.m] === 'cancelled_share' ? 'y2' : 'y');

// The interval as closed shapes, one for each unbroken run of days: a gap stays a gap.
function bandTraces(rows, kind, yaxis) {
  const names = { minutes: 'mean_dep_delay', share: 'cancelled_share' };
  const mine = rows.filter((row) => row.f !== undefined && row.e !== null && model.measures[row.m] === names[kind]);
  if (!mine.length) return [];
  const factor = kind === 'share' ? 100 : 1;
  const runs = [];
  for (const row of mine.filter((each) => each.l !== null && each.u !== null)) {
    const run = runs[runs.length - 1];
    if (run && run[run.length - 1].t === row.t - 1) run.push(row);
    else runs.push([row]);
  }
  const shape = { x: [], y: [] };
  for (const run of runs) {
    const back = [...run].reverse();
    shape.x.push(...isoDays(run), ...isoDays(back), null);
    shape.y.push(...run.map((row) => factor * row.u), ...back.map((row) => factor * row.l), null);
  }
  const unitText = kind === 'share' ? '%' : ' min';
  return [
    { type: 'scatter', mode: 'lines', fill: 'toself', fillcolor: css('--band'), line: { color: css('--band'), width: 2 }, hoverinfo: 'skip', xaxis: 'x', yaxis, ...shape },
    {
      type: 'scatter', mode: 'lines', line: { color: css('--expected'), width: 1.5, dash: 'dot' }, xaxis: 'x', yaxis, ...gaps(rows, (row) => (row.e === null || row.f === undefined || model.measures[row.m] !== names[kind] ? null : factor * row.e)),
      text: gapText(rows, interval), hovertemplate: `Expected: %{y:.1f}${unitText} (%{text})<extra></extra>`,
    },
  ];
}

const gaps = (rows, value) => ({ x: isoDays(rows), y: rows.map((row) => (row.f === undefined ? null : value(row))) });
const gapText = (rows, text) => rows.map((row) => (row.f === undefined ? '' : forPlotly(text(row))));

function delayTrace(rows) {
  const sparse = rows.length < 30 || rows.filter((row) => row.f !== undefined).length < rows.length * 0.9;
  return {
    type: 'scatter', mode: sparse ? 'lines+markers' : 'lines', line: { color: css('--series'), width: 1.6 }, marker: { size: 4, color: css('--series') },
    xaxis: 'x', yaxis: 'y', ...gaps(rows, (row) => row.d), hovertemplate: 'Mean delay: %{y:.1f} min<extra></extra>',
  };
}

function cancelledTrace(rows) {
  return {
    type: 'bar', marker: { color: css('--c4') }, xaxis: 'x', yaxis: 'y2', ...gaps(rows, (row) => (100 * row.c) / row.f),
    customdata: rows.map((row) => (row.c === undefined ? '' : count(row.c))), hovertemplate: 'Cancelled: %{y:.1f}% (%{customdata} flights)<extra></extra>',
  };
}

function flightsTrace(rows) {
  return { type: 'bar', marker: { color: css('--bars') }, xaxis: 'x', yaxis: 'y3', ...gaps(rows, (row) => row.f), hovertemplate: 'Flights: %{y:,}<extra></extra>' };
}

function flagTrace(flags, side) {
  const colour = css({ [HIGH]: '--high', [LOW]: '--low', 0: '--soft' }[side]);
  const symbol = { [HIGH]: 'triangle-up', [LOW]: 'triangle-down', 0: 'diamond' }[side];
  const axes = ['y', 'y2'].map((yaxis) => {
    const mine = flags.filter((flag) => placeOf(flag) === yaxis);
    return {
      type: 'scatter', mode: 'markers', xaxis: 'x', yaxis, x: isoDays(mine), y: mine.map((flag) => (yaxis === 'y' ? flag.d : (100 * flag.c) / flag.f)),
      marker: { symbol, size: 11, color: colour, line: { color: css('--surface'), width: 1 } }, cliponaxis: false,
      text: mine.map((flag) => `${ARROW[side]} Abnormal, ${DIRECTION[side].toLowerCase()}${flag.s === null ? '' : `, score ${tenths.format(flag.s)}`}`),
      hovertemplate: '<b>%{text}</b><extra></extra>',
    };
  });
  return axes.filter((trace) => trace.x.length);
}

function seriesLayout([first, last], rows) {
  const most = Math.max(10, ...rows.map((row) => (row.f ? (100 * row.c) / row.f : 0)));
  const grid = { gridcolor: css('--line'), zerolinecolor: css('--soft'), zerolinewidth: 1, fixedrange: true, automargin: true };
  const title = (text) => ({ text, font: { size: 12, color: css('--soft') }, standoff: 8 });
  return {
    ...baseLayout(460), showlegend: false, hovermode: 'x unified', hoversubplots: 'axis', dragmode: touch() ? false : 'zoom', bargap: 0.15,
    margin: { l: narrow() ? 40 : 64, r: 8, t: 8, b: 32 },
    xaxis: {
      type: 'date', range: [isoOf(first - 1), isoOf(last + 1)], anchor: 'y3', showgrid: false, fixedrange: touch(), hoverformat: '%A, %B %-d, %Y',
      linecolor: css('--line'), tickformat: last - first > 800 ? '%Y' : (narrow() || printing() ? '%b' : '%b %Y'), dtick: last - first > 800 ? 'M12' : (narrow() && last - first > 200 ? 'M2' : 'M1'), ticklabelmode: 'period',
    },
    yaxis: { ...grid, domain: [0.46, 1], title: title('Mean delay (min)') },
    yaxis2: { ...grid, domain: [0.23, 0.4], range: [0, most * 1.08], title: title('Cancelled (%)'), nticks: 4 },
    yaxis3: { ...grid, domain: [0, 0.17], rangemode: 'tozero', title: title('Flights'), nticks: 4 },
  };
}

// The search: type a code or a part of a city or name, arrows and Enter to choose.
function findEntries(kind, text) {
  const { entries, flightsOf } = model.groups[kind];
  const wanted = text.trim().toLowerCase();
  const rank = (entry) => {
    if (entry.code.toLowerCase() === wanted) return 0;
    if (entry.code.toLowerCase().startsWith(wanted)) return 1;
    if (entry.city.toLowerCase().startsWith(wanted)) return 2;
    return `${entry.city} ${entry.name} ${entry.state}`.toLowerCase().includes(wanted) ? 3 : null;
  };
  const found = entries.map((entry, i) => ({ entry, i, rank: rank(entry) })).filter((each) => each.rank !== null);
  return found.sort((one, two) => one.rank - two.rank || flightsOf[two.i] - flightsOf[one.i]).slice(0, 40);
}

function makeSearch(kind) {
  const input = part(kind, 'search');
  const list = part(kind, 'found');
  let active = 0;
  const options = () => [...list.querySelectorAll('[role="option"]')];
  const close = () => { list.hidden = true; input.setAttribute('aria-expanded', 'false'); input.removeAttribute('aria-activedescendant'); };
  const choose = (code) => { input.value = ''; close(); openEntry(kind, code); };
  const mark = (i) => {
    active = i;
    options().forEach((option, at) => option.setAttribute('aria-selected', String(at === i)));
    const option = options()[i];
    if (!option) return;
    input.setAttribute('aria-activedescendant', option.id);
    option.scrollIntoView({ block: 'nearest' });
  };
  const show = () => {
    const found = findEntries(kind, input.value);
    const lines = found.map(({ entry }, i) => make('li', {
      role: 'option', id: `${kind}-found-${i}`, 'data-code': entry.code, on: { mousedown: (event) => { event.preventDefault(); choose(entry.code); } },
    }, make('b', {}, entry.code), ` ${[entry.city || entry.name, entry.state].filter(Boolean).join(', ')}`));
    list.replaceChildren(...(lines.length ? lines : [make('li', { class: 'soft' }, `No ${kind} of this report has this code or name.`)]));
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
    mark(0);
  };
  input.addEventListener('input', show);
  input.addEventListener('focus', show);
  input.addEventListener('blur', close);
  input.addEventListener('keydown', (event) => {
    const n = options().length;
    if (event.key === 'Escape') close();
    else if (event.key === 'Enter' && n && !list.hidden) { event.preventDefault(); choose(options()[active].dataset.code); }
    else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && n) {
      event.preventDefault();
      if (list.hidden) show();
      else mark((active + (event.key === 'ArrowDown' ? 1 : n - 1)) % n);
    }
  });
}
