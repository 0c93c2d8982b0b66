// What every part of the page uses: making elements, writing numbers and dates, the chosen year and airport.

const byId = (id) => document.getElementById(id);

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === 'on') for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// Plotly reads a little HTML in its texts; names come from data.
const forPlotly = (text) => String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const count = (n) => whole.format(n);
const counted = (n, one, many) => `${count(n)} ${n === 1 ? one : many}`;
const minus = (text) => text.replace('-', '−').replace(/^−(0(\.0)?)$/, '$1');
const minutes = (value) => (value === null ? '–' : `${minus(Math.abs(value) < 10 ? tenths.format(value) : whole.format(value))} min`);

function percent(part, all) {
  if (!all) return '–';
  const share = (100 * part) / all;
  if (share > 0 && share < 0.05) return 'under 0.1%';
  if (share > 99 && share < 100) return 'over 99%';
  return `${share >= 10 || share === 0 ? Math.round(share) : share.toFixed(1)}%`;
}

const dayFormat = (options) => new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', ...options });
const shortDay = dayFormat({ month: 'short', day: 'numeric', year: 'numeric' });
const shortDate = dayFormat({ month: 'short', day: 'numeric' });
const weekDay = dayFormat({ weekday: 'short' });
const fullDay = dayFormat({ weekday: 'long', month: 'long', day: 'numeric', year: 'numeric' });
const shortMonth = dayFormat({ month: 'short' });
const monthName = dayFormat({ month: 'long' });
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const PAPER = 720;
const printing = () => 'print' in document.documentElement.dataset;
const narrow = () => !printing() && matchMedia('(max-width: 640px)').matches;

const HIGH = 1;
const LOW = -1;
const ARROW = { [HIGH]: '▲', [LOW]: '▼', 0: '◆' };
const DIRECTION = { [HIGH]: 'High', [LOW]: 'Low', 0: 'Not stated' };
const DIRECTION_CLASS = { [HIGH]: 'high', [LOW]: 'low', 0: 'unstated' };

function direction(flag, words) {
  const sign = make('span', { class: DIRECTION_CLASS[flag.r], title: DIRECTION[flag.r] }, ARROW[flag.r]);
  if (words) sign.append(` ${DIRECTION[flag.r]}`);
  else sign.append(make('span', { class: 'skip' }, DIRECTION[flag.r]));
  return sign;
}

// A row of buttons of which one is pressed.
function choice(holder, options, chosen, choose) {
  holder.replaceChildren(...options.map(([value, label]) => make('button', {
    type: 'button',
    'aria-pressed': String(value === chosen),
    on: { click: (event) => {
      for (const other of holder.children) other.setAttribute('aria-pressed', String(other === event.currentTarget));
      choose(value);
    } },
  }, label)));
}

// What is packed stays in the page: a browser that saves the page writes what is in it, and the saved one starts again.
async function unpack(id) {
  const bytes = Uint8Array.from(atob(byId(id).textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).text();
}
