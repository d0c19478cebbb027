// The shown time: the window of the charts, the time of the panels, and the address with both.

import { clamp } from './dom.js';

export const ranges = [['5m', 300], ['15m', 900], ['1h', 3600], ['6h', 21600], ['24h', 86400], ['7d', 604800], ['30d', 2592000], ['all', Infinity]];
const units = { s: 1, m: 60, h: 3600, d: 86400 };
const least = 10;

const timestamp = (seconds) => new Date(Math.round(seconds) * 1000).toISOString().replace('.000', '');

function parseSpan(text) {
  if (text === 'all') return Infinity;
  const match = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text ?? '');
  return match ? Math.max(least, Number(match[1]) * units[match[2]]) : null;
}

function parseTime(text) {
  const time = Date.parse(text ?? '') / 1000;
  return Number.isFinite(time) ? time : null;
}

export class View {
  // clock(): the newest known time.
  constructor(clock) {
    this.clock = clock;
    this.first = NaN;
    this.listeners = new Set();
    this.past = [];
    this.hover = null;
    this.isRanked = false;
    this.read();
    addEventListener('hashchange', () => {
      if (location.hash === this.written) return;
      this.read();
      this.changed();
    });
  }

  onchange(listener) { this.listeners.add(listener); }

  // The time of the panels: the chosen one, else the end of a window in the past; null for the newest.
  get moment() { return this.at ?? this.to; }

  // The window whose use is ranked, or null: one of the past, or one that follows the present and was dragged over or asked for.
  get ranked() { return this.at === null && (this.to !== null || this.isRanked) ? this.window : null; }

  get isLive() { return this.at === null && this.to === null; }

  // The seconds that the charts show; for 'all', those with data.
  get length() {
    if (Number.isFinite(this.span)) return this.span;
    return Number.isFinite(this.first) ? Math.max(300, this.clock() - this.first) : 3600;
  }

  get window() {
    const to = this.to ?? this.clock();
    return { from: to - this.length, to };
  }

  read() {
    const parameters = new URLSearchParams(location.hash.slice(1));
    this.isChosen = parseSpan(parameters.get('range')) !== null;
    this.span = parseSpan(parameters.get('range')) ?? 3600;
    // No agent has seen the future.
    [this.at, this.to] = ['at', 'to'].map((name) => parseTime(parameters.get(name))).map((time) => (time > Date.now() / 1000 + 5 ? null : time));
    // A time without a window is centered in one.
    if (this.at !== null && this.to === null) {
      const middle = this.at + this.length / 2;
      this.to = Number.isFinite(this.clock()) ? Math.min(this.clock(), middle) : middle;
    }
  }

  write() {
    const known = ranges.find(([, seconds]) => seconds === this.span)?.[0];
    const parts = [];
    if (this.isChosen || !this.isLive) parts.push(`range=${known ?? `${Math.round(this.span)}s`}`);
    if (this.at !== null) parts.push(`at=${timestamp(this.at)}`);
    if (this.to !== null) parts.push(`to=${timestamp(this.to)}`);
    this.written = parts.length > 0 ? `#${parts.join('&')}` : '';
    if (location.hash === this.written) return;
    clearTimeout(this.writing);
    // Browsers refuse too many changes in a short time; panning makes many.
    this.writing = setTimeout(() => {
      history.replaceState(null, '', this.written || location.pathname + location.search);
    }, 120);
  }

  changed() {
    this.write();
    for (const listener of this.listeners) listener();
  }

  // Shows a range; in the past, around the same time.
  choose(span) {
    this.past = [];
    this.isChosen = true;
    const middle = this.at ?? (this.to === null ? null : this.to - this.length / 2);
    this.span = span;
    this.to = middle === null || !Number.isFinite(span) ? null : Math.min(this.clock(), middle + span / 2);
    if (this.at !== null && this.to === null) this.to = this.clock();
    this.changed();
  }

  remember() {
    this.past.push({ span: this.span, to: this.to, at: this.at, isRanked: this.isRanked });
    if (this.past.length > 50) this.past.shift();
  }

  // Shows a window of time.
  zoom(from, to, isStep = true) {
    const span = clamp(to - from, least, 20 * 365 * 86400);
    if (isStep) {
      this.remember();
      // A drag asks for the window, not for the time that was chosen before.
      Object.assign(this, { at: null, isRanked: true });
    }
    this.isChosen = true;
    const end = (from + to) / 2 + span / 2;
    this.span = span;
    // A window that reaches the present goes on following it.
    this.to = end >= this.clock() - 0.5 && this.at === null ? null : Math.min(end, this.clock());
    this.changed();
  }

  // Scales the window's length by `factor`; the time `around` keeps its place.
  scale(factor, around) {
    const { from, to } = this.window;
    const center = around ?? this.at ?? (this.to === null ? to : (from + to) / 2);
    this.zoom(center - (center - from) * factor, center + (to - center) * factor, false);
  }

  pan(seconds) {
    const { to } = this.window;
    const end = Math.min(to + seconds, this.clock());
    this.span = this.length;
    this.isChosen = true;
    this.to = end >= this.clock() - 0.5 && this.at === null ? null : end;
    this.changed();
  }

  // Returns to the view before the last zoom.
  back() {
    Object.assign(this, this.past.pop() ?? { to: null, at: null, isRanked: false });
    this.changed();
  }

  // Shows a time in the past in every panel.
  travel(time) {
    const { from, to } = this.window;
    this.span = this.length;
    this.at = Math.min(time, this.clock());
    if (this.at < from || this.at > to) this.to = Math.min(this.clock(), this.at + this.span / 2);
    else this.to = to;
    this.changed();
  }

  // Ranks the shown window, or shows its end's sample again.
  rank() {
    if (this.ranked === null) Object.assign(this, { at: null, isRanked: true });
    else if (this.to === null) this.isRanked = false;
    else return this.travel(this.to);
    return this.changed();
  }

  live() {
    Object.assign(this, { at: null, to: null, isRanked: false, span: this.past[0]?.span ?? this.span, past: [] });
    this.changed();
  }

  // Sets the time below the pointer in all charts, or null.
  point(time, where = null) {
    if (this.hover === time) return;
    this.hover = time;
    this.hoverer = where;
    this.onpoint?.();
  }
}
