// Elements. Texts go in as text, never as markup: names of processes and mounts come from anywhere.

export const byId = (id) => document.getElementById(id);

// h('p', { class: 'quiet', text: 'x', onclick: f, 'aria-label': 'y' }, child, …); null and false are left out.
export function h(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'text') node.textContent = value;
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

// Writes only changes: each write costs a layout.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node, name, value) {
  if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

export const setHidden = (node, isHidden) => {
  if (node.hidden !== isHidden) node.hidden = isHidden;
};

const lists = new WeakMap();

// One child of `parent` for each item, in their order: an element, or an object with one as its `node`. A child stays with its key,
// so that a row with the focus remains when its neighbors go.
export function keyed(parent, items, keyOf, make, update) {
  let known = lists.get(parent);
  if (!known) lists.set(parent, (known = new Map()));
  const gone = new Set(known.keys());
  let previous = null;
  for (const item of items) {
    let key = keyOf(item);
    while (!gone.has(key) && known.has(key)) key = `${key}\u0001`;
    let child = known.get(key);
    if (!child) known.set(key, (child = make(item)));
    gone.delete(key);
    const node = child.node ?? child;
    const next = previous ? previous.nextSibling : parent.firstChild;
    if (next !== node) parent.insertBefore(node, next);
    update?.(child, item);
    previous = node;
  }
  for (const key of gone) {
    const child = known.get(key);
    (child.remove ? child : child.node).remove();
    known.delete(key);
  }
}

export const clamp = (value, least, most) => Math.min(most, Math.max(least, value));

// A name from the machine may hold anything: control characters are shown as their pictures; what reorders text, breaks lines or
// cannot be seen, and halves of surrogate pairs, as U+FFFD. The joiners of emoji and Persian (U+200C, U+200D) stay.
export const visible = (text) =>
  String(text ?? '').replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\p{Surrogate}/gu, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '\u2421' : '\ufffd';
  });

// Text from right to left is isolated, so that it does not reorder its neighbors (UAX #9).
const isolated = (text) => (/[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u.test(text) ? `\u2068${text}\u2069` : text);

// The known ones of several texts, as one.
export const joined = (...parts) => parts.filter(Boolean).map((part) => isolated(visible(part))).join(' · ');

// A name of the machine's, kept apart from the direction of the text around it.
export const name = (text, options = {}) => h('bdi', { ...options, text: visible(text), title: visible(text) });

// A bar that is filled to a ratio, with the role of a meter.
export class Meter {
  constructor(label, kind = '') {
    this.fill = h('i', {});
    this.node = h('span', {
      class: `meter ${kind}`, role: 'meter', 'aria-label': label, 'aria-valuemin': 0, 'aria-valuemax': 100,
    }, this.fill);
  }

  // level: 'warn' or 'bad', shown by color in addition to the value beside it.
  show(ratio, text, level = '') {
    const isKnown = Number.isFinite(ratio);
    const share = isKnown ? clamp(ratio, 0, 1) * 100 : 0;
    this.fill.style.width = `${share.toFixed(1)}%`;
    setAttribute(this.fill, 'class', level || null);
    setAttribute(this.node, 'aria-valuenow', share.toFixed(0));
    setAttribute(this.node, 'aria-valuetext', text);
  }

  remove() {
    this.node.remove();
  }
}

// Rows of equal length in a grid: 8 tiles are 4 and 4, not 6 and 2. width(): the minimum of each, in rem.
// Returns a function that arranges them when their number changes.
export function evenly(grid, width) {
  let [wide, size] = [0, 14];
  const arrange = () => {
    const count = [...grid.children].filter((child) => !child.hidden).length;
    if (count === 0 || wide === 0) return;
    const most = Math.max(1, Math.floor(wide / (size * width())));
    let columns = Math.min(count, most);
    while (columns > most * 0.6 && count % columns > 0) columns -= 1;
    if (count % columns > 0) columns = Math.ceil(count / Math.ceil(count / most));
    const template = `repeat(${columns}, minmax(0, 1fr))`;
    if (grid.style.gridTemplateColumns !== template) grid.style.gridTemplateColumns = template;
  };
  // Sizes are read when they are known, never in between, which would lay out the page once more.
  new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width === wide) return;
    [wide, size] = [contentRect.width, parseFloat(getComputedStyle(document.documentElement).fontSize)];
    arrange();
  }).observe(grid);
  return arrange;
}

// Alarm levels of memory and disks, which fill up; a busy CPU or GPU is no alarm.
export const fullness = (ratio) => (ratio >= 0.9 ? 'bad' : ratio >= 0.8 ? 'warn' : '');
