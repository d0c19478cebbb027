// Light or dark, by the system's preference or by choice; and the colors of the style sheet for canvases.

import { h } from './dom.js';

const choices = ['auto', 'light', 'dark'];
const listeners = new Set();
let colors = null;
let isPrinting = false;

function stored(key) {
  // Storage may be refused; then a choice lasts as long as the page.
  try { return localStorage.getItem(key); } catch { return null; }
}

export const remembered = stored;

export function remember(key, value) {
  try { localStorage.setItem(key, value); } catch { /* as above */ }
}

let choice = choices.includes(stored('theme')) ? stored('theme') : 'auto';

function apply() {
  if (isPrinting) document.documentElement.dataset.theme = 'light';
  else if (choice === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
  colors = null;
  for (const listener of listeners) listener();
}

export const theme = {
  get choice() { return choice; },
  get isPrinting() { return isPrinting; },
  next() {
    choice = choices[(choices.indexOf(choice) + 1) % choices.length];
    remember('theme', choice);
    apply();
  },
  // Paper is white.
  print(isOn) {
    isPrinting = isOn;
    apply();
  },
  onchange(listener) { listeners.add(listener); },
};

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply);
addEventListener('resize', () => { colors = null; });
apply();

const names = ['text', 'quiet', 'line', 'card', 'accent', 'warn', 'bad', 's1', 's2', 's3', 's4', 's5', 's6', 's7', 's8',
  'h0', 'h1', 'h2', 'h3', 'h4'];

// The style sheet's colors as a canvas takes them; an element's computed style resolves `light-dark()`.
export function palette() {
  if (colors) return colors;
  const probe = h('i', { hidden: true });
  document.body.append(probe);
  colors = {};
  for (const name of names) {
    probe.style.color = `var(--${name})`;
    colors[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  const stops = ['h0', 'h1', 'h2', 'h3', 'h4'].map((name) => colors[name].match(/[\d.]+/g).slice(0, 3).map(Number));
  // 256 steps of the heat map's scale, each as the four bytes of a pixel.
  const bytes = new Uint8ClampedArray(256 * 4);
  for (let step = 0; step < 256; step += 1) {
    const place = (step / 255) * (stops.length - 1);
    const index = Math.min(stops.length - 2, Math.floor(place));
    for (let part = 0; part < 3; part += 1) {
      bytes[step * 4 + part] = stops[index][part] + (stops[index + 1][part] - stops[index][part]) * (place - index);
    }
    bytes[step * 4 + 3] = 255;
  }
  colors.heat = new Uint32Array(bytes.buffer);
  // Pixels of the text size, and the font of charts.
  const style = getComputedStyle(document.body);
  colors.size = parseFloat(getComputedStyle(document.documentElement).fontSize);
  colors.font = `${colors.size * 0.79}px ${style.fontFamily}`;
  return colors;
}

// The same colour, let through by a share of it.
export const faded = (color, share) => color.replace(/^rgb\((.*)\)$/, (_, parts) => `rgb(${parts.split(/[ ,]+/).join(' ')} / ${share})`);
