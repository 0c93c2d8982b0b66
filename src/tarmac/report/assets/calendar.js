// The calendar: a button a day, one tab stop, arrow keys to move; beside it the chosen day's airports.

let days = [];
let breaks = [];

// Upper ends of five classes that grow by a constant factor, so that single airports and storms both show.
function classBreaks(most) {
  const ends = new Set();
  for (let i = 1; i <= 5; i += 1) ends.add(Math.max(i, Math.round(most ** (i / 5))));
  return [...ends].filter((end) => end <= Math.max(most, 1));
}
const classOf = (value) => (value === 0 ? 0 : ((i) => Math.round(((i + 1) / breaks.length) * 5))(breaks.findIndex((end) => value <= end)));

function drawCalendar(year) {
  days = days.length ? days : countDays();
  breaks = classBreaks(Math.max(0, ...days.map((day) => day.flags.length)));
  const years = year === 'all' ? model.years : [year];
  const parts = years.flatMap((each) => [
    years.length > 1 ? make('h3', { class: 'year-name' }, String(each)) : null,
    years.length > 1 ? drawStrip(each) : make('div', { class: 'year' }, ...monthsOf(each).map((month) => drawMonth(each, month))),
  ]);
  byId('months').replaceChildren(...parts.filter(Boolean));
  drawCalendarKey();
  const [first, last] = spanOf(year);
  let worst = first;
  for (let day = first; day <= last; day += 1) if (days[day].flags.length > days[worst].flags.length || !days[worst].airports) worst = day;
  chooseDay(worst, false);
}

// From the first month with flights to the last.
function monthsOf(year) {
  const [first, last] = drawnSpan(year).map((day) => new Date(timeOf(day)).getUTCMonth());
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function drawMonth(year, month) {
  const cells = ['M', 'T', 'W', 'T', 'F', 'S', 'S'].map((letter) => make('span', { 'aria-hidden': 'true' }, letter));
  const length = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const before = (new Date(Date.UTC(year, month, 1)).getUTCDay() + 6) % 7;
  for (let date = 1; date <= length; date += 1) {
    const cell = drawDay(dayOf(Date.UTC(year, month, date)), date);
    if (date === 1) cell.style.gridColumnStart = String(before + 1);
    cells.push(cell);
  }
  const name = monthName.format(Date.UTC(year, month, 1));
  return make('div', { class: 'month', role: 'group', 'aria-label': `${name} ${year}` }, make('h4', {}, name), make('div', { class: 'days' }, ...cells));
}

// Several years are shown as strips, a column a week: ten full calendars would be a page of their own.
function drawStrip(year) {
  const [first, last] = model.spans.get(year);
  const before = (new Date(timeOf(first)).getUTCDay() + 6) % 7;
  const cells = [];
  for (let day = first; day <= last; day += 1) {
    const date = new Date(timeOf(day));
    const column = String(1 + Math.floor((day - first + before) / 7));
    if (date.getUTCDate() === 1) {
      const name = make('span', { 'aria-hidden': 'true' }, shortMonth.format(date));
      name.style.gridArea = `1 / ${column} / 2 / span 4`;
      cells.push(name);
    }
    const cell = drawDay(day, '');
    cell.style.gridArea = `${2 + ((date.getUTCDay() + 6) % 7)} / ${column}`;
    cells.push(cell);
  }
  return make('div', { class: 'days strip', role: 'group', 'aria-label': String(year) }, ...cells);
}

function drawDay(day, date) {
  const here = days[day];
  if (!here || !here.airports) return make('i', {}, String(date));
  const told = `${fullDay.format(timeOf(day))}: ${count(here.flags.length)} of ${counted(here.airports, 'airport', 'airports')} abnormal, ${percent(here.cancelled, here.flights)} of ${counted(here.flights, 'flight', 'flights')} cancelled`;
  return make('button', {
    type: 'button', class: `k${classOf(here.flags.length)}`, 'data-day': day, tabindex: '-1', 'aria-label': told, title: told,
    on: { click: () => tapDay(day), keydown: (event) => moveDay(event, day) },
  }, String(date));
}

// On a small screen the day's airports lie below the calendar, out of sight.
function tapDay(day) {
  chooseDay(day, false);
  if (matchMedia('(max-width: 1000px)').matches) byId('day').scrollIntoView({ block: 'center' });
}

function moveDay(event, day) {
  const [along, across] = event.currentTarget.closest('.strip') ? [7, 1] : [1, 7];
  const step = { ArrowRight: along, ArrowLeft: -along, ArrowDown: across, ArrowUp: -across }[event.key];
  if (!step) return;
  event.preventDefault();
  for (let next = day + step; next >= 0 && next <= model.last; next += step) {
    if (byId('months').querySelector(`[data-day="${next}"]`)) return void chooseDay(next, true);
  }
}

function drawCalendarKey() {
  const labels = breaks.map((end, i) => {
    const from = i === 0 ? 1 : breaks[i - 1] + 1;
    return [classOf(end), from >= end ? String(end) : `${from}–${end}`];
  });
  const marks = [[0, 'None'], ...labels].map(([k, label]) => make('span', {}, make('i', { class: `k${k}` }), label));
  byId('calendar-key').replaceChildren(make('span', {}, 'Abnormal airports:'), ...marks);
}

function chooseDay(day, focus) {
  for (const old of byId('months').querySelectorAll('[tabindex="0"]')) {
    old.setAttribute('tabindex', '-1');
    old.removeAttribute('aria-current');
  }
  const button = byId('months').querySelector(`[data-day="${day}"]`);
  if (button) {
    button.setAttribute('tabindex', '0');
    button.setAttribute('aria-current', 'true');
    if (focus) button.focus();
  }
  drawChosenDay(day);
}

function drawChosenDay(day) {
  const here = days[day];
  const facts = `${count(here.flags.length)} of ${counted(here.airports, 'airport', 'airports')} abnormal. ${counted(here.flights, 'flight', 'flights')}, ${percent(here.cancelled, here.flights)} cancelled.`;
  const rows = here.flags.map((flag) => make('li', {},
    direction(flag), airportLink(flag.a), make('span', { class: 'where' }, cityOf(model.airports[flag.a])),
    make('span', { class: 'what' }, flag.w === null ? observed(flag) : `${count(flag.w)} lost`), make('span', { class: 'soft' }, ...dayDetails(flag).map((part) => make('span', {}, part)))));
  const list = rows.length ? make('ul', { class: 'list', tabindex: '0', 'aria-label': 'Abnormal airports on this day' }, ...rows)
    : make('p', { class: 'empty' }, 'No airport was abnormal on this day.');
  const own = storiesIn([day, day]).slice(0, 5);
  const links = own.length ? make('p', { class: 'sub' }, 'Disruptions: ', ...own.flatMap((story, i) => [i ? '; ' : '', storyLink(story)]), '.') : null;
  byId('day').replaceChildren(...[make('h3', {}, fullDay.format(timeOf(day))), make('p', { class: 'sub' }, facts), links, list].filter(Boolean));
}

function dayDetails(flag) {
  if (flag.w === null && flag.e !== null) return [`expected ${interval(flag) || inUnits(flag.m, flag.e)}`, `${percent(flag.c, flag.f)} of ${count(flag.f)} cancelled`];
  return [
    flag.g === null ? null : `severity ${flag.g}`, `${percent(flag.c, flag.f)} of ${count(flag.f)} cancelled`,
    flag.d === null ? null : `mean delay ${minutes(flag.d)}${flag.usualDelay === null ? '' : `, usually ${minutes(flag.usualDelay)}`}`,
  ].filter(Boolean);
}

function airportLink(a) {
  const { code } = model.airports[a];
  return make('a', { href: `#${encodeURIComponent(code)}` }, code);
}
