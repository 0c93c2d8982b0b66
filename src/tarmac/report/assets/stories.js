// The disruptions, the largest first; each opens its parts as bars, its hours as columns, and its days on a map.

const STORIES_AT_ONCE = 10;
let storiesShown = STORIES_AT_ONCE;
let storyOrder = 'lost';
const STORY_ORDERS = {
  lost: ['Most lost', () => 0],
  severity: ['Severity', (one, two) => (two.severity || 0) - (one.severity || 0)],
  date: ['Date', (one, two) => one.first - two.first],
};

const storiesIn = ([first, last]) => (model.stories || []).filter((story) => story.first <= last && story.last >= first);

function drawStories(year) {
  if (!model.stories) return;
  const stories = storiesIn(spanOf(year)).sort(STORY_ORDERS[storyOrder][1]);
  choice(byId('stories-order'), Object.entries(STORY_ORDERS).map(([name, [label]]) => [name, label]), storyOrder, (name) => {
    storyOrder = name;
    drawStories(year);
  });
  const most = Math.max(1, ...stories.map((story) => story.lost || 0));
  const rows = stories.slice(0, storiesShown).map((story) => storyRow(story, most));
  byId('stories-list').replaceChildren(rows.length ? make('div', {}, ...rows) : make('p', { class: 'empty' }, 'No disruption was found.'));
  const more = byId('stories-more');
  more.parentElement.hidden = stories.length <= storiesShown;
  more.textContent = `Show ${count(Math.min(2 * STORIES_AT_ONCE, stories.length - storiesShown))} more of ${count(stories.length)}`;
  more.onclick = () => { storiesShown += 2 * STORIES_AT_ONCE; drawStories(year); };
}

const fact = (name, value, ...more) => make('span', { class: name }, make('b', {}, value), make('small', {}, ...more));
const severityMark = (severity) => make('i', { class: `severity k${severity || 0}`, title: `Severity ${severity || 0} of 5` }, String(severity || 0));

function storyRow(story, most) {
  const bar = make('i', { class: 'bar-lost', 'aria-hidden': 'true' });
  bar.style.width = `${(100 * (story.lost || 0)) / most}%`;
  const holder = make('div', { class: 'story-parts' });
  const where = [story.when, story.scope, counted(story.airports, 'airport', 'airports')];
  const row = make('details', { class: 'story', id: `story-${story.id}` },
    make('summary', {},
      fact('who', story.title, where.filter(Boolean).join(' · ')),
      make('span', { class: 'grade' }, severityMark(story.severity), make('small', {}, 'severity')),
      fact('lost', story.lost === null ? '–' : count(story.lost), 'lost flights', bar),
      fact('gone', story.cancelled, `cancelled (${story.share})`),
      fact('late', story.hours === null ? '–' : `${minus(count(story.hours))} h`, 'delay above usual'),
      fact('cause', story.cause || 'Not known', story.causeShare || 'main reason'),
      make('span', { class: 'sentence' }, story.sentence)),
    holder);
  row.addEventListener('toggle', () => { if (row.open && !holder.hasChildNodes()) drawParts(holder, story); });
  return row;
}

function openStory(id) {
  const story = (model.stories || []).find((each) => each.id === id);
  if (!story) return false;
  let row = document.getElementById(`story-${id}`);
  if (!row) {
    storiesShown = Infinity;
    drawStories(chosenYear);
    row = document.getElementById(`story-${id}`);
  }
  if (!row) return false;
  row.open = true;
  row.scrollIntoView();
  row.querySelector('summary').focus({ preventScroll: true });
  return true;
}

const storyLink = (story) => make('a', { href: `#${encodeURIComponent(story.id)}` }, story.title);

function drawParts(holder, story) {
  const bars = story.parts.filter((panel) => panel.dimension !== 'hour').map(barPanel);
  const hours = story.parts.filter((panel) => panel.dimension === 'hour').map(hourPanel);
  const key = make('p', { class: 'sub parts-key' }, 'Bars: share of the lost flights. ', make('i', { class: 'tick' }), ' share of the scheduled flights; a bar beyond it was hit more than others.');
  holder.replaceChildren(make('div', { class: 'left' }, storyMap(story), ...hours), make('div', {}, make('div', { class: 'panels' }, ...bars), bars.length ? key : null));
}

function barPanel(panel) {
  const most = Math.max(...panel.rows.flatMap(([, lost, all]) => [lost, all]), 1);
  const rows = panel.rows.map(([label, lost, all, words]) => {
    const bar = make('b', {});
    bar.style.width = `${(100 * lost) / most}%`;
    const tick = panel.dimension === 'cancellation_code' || panel.dimension === 'delay_cause' ? null : make('i', {});
    if (tick) tick.style.left = `${(100 * all) / most}%`;
    return make('li', {}, make('span', { class: 'where' }, label), make('span', { class: 'what', title: 'Share of the lost flights' }, percent(lost, 1000)),
      make('span', { class: 'meter', 'aria-hidden': 'true' }, bar, tick), make('small', {}, words));
  });
  return make('section', { class: 'panel' }, make('h4', {}, panel.title), make('ol', {}, ...rows),
    panel.more ? make('p', { class: 'sub' }, `and ${count(panel.more)} more`) : null);
}

// A column an hour, from the first hour with flights to the last.
function hourPanel(panel) {
  const known = panel.rows.filter(([label]) => /^\d\d$/.test(label));
  const most = Math.max(...known.flatMap(([, lost, all]) => [lost, all]), 1);
  const worst = known.reduce((one, two) => (two[1] > one[1] ? two : one), known[0] || ['–', 0, 0, '']);
  const columns = known.map(([label, lost, all, words]) => {
    const [bar, tick] = [make('b', {}), make('i', {})];
    bar.style.height = `${(100 * lost) / most}%`;
    tick.style.bottom = `${(100 * all) / most}%`;
    return make('span', { class: 'hour', title: `${label}:00 – ${percent(lost, 1000)} of the lost flights; ${words}` }, make('span', {}, bar, tick), make('small', {}, Number(label) % 3 ? '' : String(Number(label))));
  });
  return make('section', { class: 'panel hours' }, make('h4', {}, panel.title),
    make('div', { class: 'columns', role: 'img', 'aria-label': `Lost flights by hour: most at ${worst[0]}:00, ${percent(worst[1], 1000)} of them` }, ...columns));
}

const svg = (tag, attributes, ...children) => {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

// The days of a disruption: every airport coloured by its severity on the day, the disruption's own with a ring.
function storyMap(story) {
  const spots = story.spots.filter((a) => model.airports[a].x !== null);
  if (!spots.length) return null;
  const [days, picture, told] = [make('div', { class: 'choice', role: 'group', 'aria-label': 'Day on the map' }), make('div', { class: 'story-map' }), make('p', { class: 'sub' })];
  const draw = (day) => {
    picture.replaceChildren(dayPicture(day, spots));
    told.textContent = dayWords(day, story.spots);
  };
  const options = Array.from({ length: story.last - story.first + 1 }, (_, i) => [story.first + i, shortDate.format(timeOf(story.first + i))]);
  if (options.length > 1) choice(days, options, story.worst, draw);
  draw(story.worst);
  const key = make('div', { class: 'key' }, make('span', {}, 'Severity of the airport’s day:'), ...[0, 1, 2, 3, 4, 5].map((k) => make('span', {}, make('i', { class: `k${k}` }), String(k))));
  return make('section', { class: 'panel map-panel' }, make('h4', {}, `On the map: ${fullDay.format(timeOf(story.worst))}`), days, picture, key, told);
}

function dayWords(day, spots) {
  const here = spots.map((a) => ({ a, row: at(model.series[a], day) })).filter(({ row }) => row && row.c);
  const worst = here.sort((one, two) => two.row.c - one.row.c).slice(0, 3).map(({ a, row }) => `${model.airports[a].code} ${count(row.c)} of ${count(row.f)}`);
  return worst.length ? `${fullDay.format(timeOf(day))}, cancelled: ${worst.join(', ')}.` : fullDay.format(timeOf(day));
}

function dayPicture(day, spots) {
  const sheet = mapSheet();
  const [[west, east], [south, north]] = mapWindow(spots.map((a) => ({ a })), sheet);
  const size = (east - west) / 460;
  const land = Object.values(model.land).flat().map(([x, y]) => `M${x} ${-y}h0`).join('');
  const own = new Set(spots);
  const rows = model.airports.map((airport, a) => ({ airport, a, row: at(model.series[a], day) })).filter(({ airport, row }) => row && airport.x !== null);
  const biggest = Math.max(1, ...rows.map(({ row }) => row.f));
  rows.sort((one, two) => own.has(one.a) - own.has(two.a) || two.row.f - one.row.f);
  const dots = rows.map(({ airport, a, row }) => {
    const dot = svg('circle', { cx: airport.x, cy: -airport.y, r: size * Math.max(2, 9 * Math.sqrt(row.f / biggest)), class: own.has(a) ? 'own' : '', 'stroke-width': size * (own.has(a) ? 1.3 : 0.5) },
      svg('title', {}, `${airport.code} ${cityOf(airport)}: severity ${row.g ?? '–'}, ${percent(row.c, row.f)} of ${counted(row.f, 'flight', 'flights')} cancelled, mean delay ${minutes(row.d)}`));
    dot.style.fill = `var(--c${row.g || 0})`;
    dot.addEventListener('click', () => openEntry('airport', airport.code));
    return dot;
  });
  return svg('svg', { viewBox: `${west} ${-north} ${east - west} ${north - south}`, role: 'img', 'aria-label': `Map: ${dayWords(day, spots)}` },
    svg('path', { d: land, class: 'land', 'stroke-width': size > 6 ? 23 : 10 }), ...dots, ...spotNames(spots, size));
}

// Codes of the airports that lost most, leaving out those that would lie on another's.
function spotNames(spots, size) {
  const kept = [];
  for (const a of spots.slice(0, 30)) {
    const { x, y, code } = model.airports[a];
    if (kept.length < 8 && kept.every((other) => Math.abs(other.x - x) > 34 * size || Math.abs(other.y - y) > 16 * size)) kept.push({ x, y, code });
  }
  return kept.map(({ x, y, code }) => svg('text', { x, y: -y - 11 * size, 'font-size': 12 * size, 'text-anchor': 'middle' }, code));
}
