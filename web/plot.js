// What all drawings over time share: a canvas as sharp as the screen, the axis of time, the pointer that all show together,
// and drawing of visible plots only.

import { clamp, h, setAttribute } from './dom.js';
import * as format from './format.js';
import { gestures } from './gestures.js';
import { faded, palette, theme } from './theme.js';

const plots = new Map();
const dirty = new Set();
let isScheduled = false;
// The canvas context of the plot that is being drawn.
export let pen = null;
// Milliseconds that the last round of drawing took, and how many plots it drew.
export const drawn = { milliseconds: 0, plots: 0 };

function flush() {
  isScheduled = false;
  if (document.hidden) return;
  const begun = performance.now();
  const due = [...dirty].filter((plot) => plot.isSeen);
  for (const plot of due) dirty.delete(plot);
  // Step by step for all plots: setting a canvas's font makes the browser compute the styles of all earlier changes.
  const sized = due.filter((plot) => plot.fit());
  for (const plot of sized) plot.redraw();
  for (const plot of sized) plot.showPointer();
  if (due.length > 0) Object.assign(drawn, { milliseconds: performance.now() - begun, plots: due.length });
}

function schedule() {
  if (isScheduled || document.hidden) return;
  isScheduled = true;
  requestAnimationFrame(flush);
}

export function drawAll() {
  for (const plot of plots.values()) plot.markDirty();
  schedule();
}

// Draws every plot now, sharp enough for paper: a browser does not let a page draw while it prints.
export function drawForPrint() {
  for (const plot of plots.values()) if (plot.fit(3)) plot.redraw();
}

// After a live sample: a plot that would move by less than half a pixel gets new values only.
export function drawLive() {
  for (const plot of plots.values()) {
    const { to } = plot.context.view.window;
    if (((to - plot.drawnTo) / plot.context.view.length) * plot.width < 0.5) {
      if (plot.isSeen && !plot.isSpark && !document.hidden) plot.showFigures();
    } else plot.markDirty();
  }
  schedule();
}

// Whether the plot in an element is near the visible part of the page.
export const isSeen = (frame) => plots.get(frame)?.isSeen === true;

export function showPointers() {
  for (const plot of plots.values()) {
    if (plot.isSeen) plot.showPointer();
    else plot.pointer.hidden = plot.clock.hidden = true;
  }
}

theme.onchange(drawAll);
document.addEventListener('visibilitychange', schedule);

// Pixels beyond the window's edges within which a plot counts as seen.
const margin = 320;
const isNear = ({ top, bottom }) => bottom > -margin && top < innerHeight + margin;

const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const plot = plots.get(target);
    if (!plot) continue;
    plot.isSeen = isIntersecting;
    if (isIntersecting) plot.showPointer();
  }
  schedule();
}, { rootMargin: `${margin}px` });

const sizes = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const plot = plots.get(target);
    if (!plot) continue;
    // The observer reports visibility a frame later; the first drawing does not wait for it.
    if (!(plot.width > 0) && contentRect.width > 0) plot.isSeen = isNear(target.getBoundingClientRect());
    [plot.width, plot.height] = [contentRect.width, contentRect.height];
    plot.markDirty();
  }
  // This comes between layout and painting: drawn now, it is part of this frame.
  flush();
});

export class Plot {
  // context: { store, view, t }; label: the accessible name.
  constructor(context, { label, kind = '', isSpark = false, axis = true }) {
    Object.assign(this, { context, label, isSpark, hasAxis: axis && !isSpark, left: 0, isSeen: false });
    const part = (name) => h('i', { class: name, hidden: true });
    [this.pointer, this.clock, this.pin, this.brush] = ['pointer', 'clock', 'pin', 'brush'].map(part);
    this.canvas = h('canvas', { role: 'img', 'aria-label': label });
    this.frame = h('div', { class: `plot ${kind}`, 'aria-hidden': isSpark && 'true' },
      this.canvas, this.pin, this.pointer, this.brush, this.clock);
    this.node = this.frame;
    plots.set(this.frame, this);
    seen.observe(this.frame);
    sizes.observe(this.frame);
    if (!isSpark) gestures(this, context.view);
  }

  remove() {
    plots.delete(this.frame);
    dirty.delete(this);
    seen.unobserve(this.frame);
    sizes.unobserve(this.frame);
    this.node.remove();
  }

  // Lets go of all plots below a node.
  static removeAll(node) {
    for (const plot of plots.values()) if (node.contains(plot.frame)) plot.remove();
  }

  invalidate() {
    this.markDirty();
    schedule();
  }

  // A description holds for a drawing. Out of sight a plot is not drawn, so that only the name remains.
  markDirty() {
    dirty.add(this);
    if (!this.isSeen && !this.isSpark) this.describe('');
  }

  // The place of a time, in CSS pixels from the left.
  x(time) {
    const { from, to } = this.window;
    return this.left + ((time - from) / (to - from)) * this.plotWidth;
  }

  time(x) {
    const { from, to } = this.context.view.window;
    return from + clamp((x - this.left) / this.plotWidth, 0, 1) * (to - from);
  }

  get plotWidth() { return Math.max(1, this.width - this.left); }
  get plotHeight() { return Math.max(1, this.height - (this.hasAxis ? palette().size * 1.22 : 0)); }

  // Gives the canvas the pixels of its place; false where it has none.
  fit(least = 1) {
    if (!(this.width > 0 && this.height > 0)) return false;
    const ratio = (this.ratio = Math.max(least, window.devicePixelRatio || 1));
    const [width, height] = [Math.round(this.width * ratio), Math.round(this.height * ratio)];
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    return true;
  }

  redraw() {
    const { ratio } = this;
    pen = this.canvas.getContext('2d');
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, this.width, this.height);
    pen.lineWidth = 1 / ratio;
    pen.lineJoin = 'round';
    pen.lineCap = 'round';
    this.window = this.context.view.window;
    this.drawnTo = this.window.to;
    this.colors = palette();
    if (!this.isSpark) pen.font = this.colors.font;
    this.draw();
    if (!this.isSpark) this.summarize();
  }

  // A line of one device pixel, level or upright.
  hair(x1, y1, x2, y2) {
    const sharp = (value) => (Math.round(value * this.ratio) + 0.5) / this.ratio;
    pen.moveTo(sharp(x1), sharp(y1));
    pen.lineTo(sharp(x2), sharp(y2));
  }

  drawTimes() {
    const { from, to } = this.window;
    const step = timeStep((to - from) / Math.max(1, this.plotWidth / (palette().size * 6)));
    // Steps stand on the clock of the place, not of Greenwich.
    const offset = -new Date(to * 1000).getTimezoneOffset() * 60;
    pen.textBaseline = 'alphabetic';
    pen.textAlign = 'center';
    pen.fillStyle = this.colors.quiet;
    pen.strokeStyle = faded(this.colors.line, 0.75);
    pen.beginPath();
    const today = new Date().toDateString();
    let isFirst = true;
    for (let time = Math.ceil((from + offset) / step) * step - offset; time <= to; time += step) {
      const x = this.x(time);
      this.hair(x, 0, x, this.plotHeight);
      // Where the axis does not begin today, its first text is a date.
      const isDay = step >= 86400 || (time + offset) % 86400 === 0 || (isFirst && new Date(time * 1000).toDateString() !== today);
      const text = isDay ? format.time(time, 'day') : format.clock(time, step < 60 ? 'second' : 'minute');
      const half = pen.measureText(text).width / 2;
      if (x - half < this.left - 2 || x + half > this.width) continue;
      pen.fillText(text, x, this.height - palette().size * 0.3);
      isFirst = false;
    }
    pen.stroke();
    this.drawEvents();
  }

  // A mark on the axis for each event, and a shade over the time of throttling.
  drawEvents() {
    const { from, to } = this.window;
    const { marks, shades } = this.context.events.within(from, to);
    pen.fillStyle = faded(this.colors.warn, 0.5);
    for (const [begin, end] of shades) {
      const [left, right] = [Math.max(this.left, this.x(begin)), Math.min(this.width, this.x(end))];
      pen.fillRect(left, this.plotHeight - 1, Math.max(1.5, right - left), 3);
    }
    for (const { at, severity } of marks) {
      const x = this.x(at);
      pen.fillStyle = { critical: this.colors.bad, warning: this.colors.warn }[severity] ?? this.colors.quiet;
      pen.beginPath();
      pen.moveTo(x, this.plotHeight - 6);
      pen.lineTo(x + 3.5, this.plotHeight + 2);
      pen.lineTo(x - 3.5, this.plotHeight + 2);
      pen.fill();
    }
  }

  // Shows the pointer of all charts, and the time of the panels.
  showPointer() {
    const { view } = this.context;
    if (!(this.width > 0)) return;
    this.window = view.window;
    const place = (node, time) => {
      const x = time === null ? NaN : this.x(time);
      node.hidden = !(x >= this.left - 0.5 && x <= this.width + 0.5);
      if (!node.hidden) node.style.transform = `translateX(${x.toFixed(1)}px)`;
      return x;
    };
    place(this.pin, view.at);
    const x = place(this.pointer, view.hover);
    this.clock.hidden = view.hoverer !== this || this.pointer.hidden;
    if (!this.clock.hidden) {
      this.clock.textContent = format.time(view.hover, 'second');
      const wide = this.clock.offsetWidth;
      this.clock.style.transform = `translateX(${clamp(x - wide / 2, 0, Math.max(0, this.width - wide)).toFixed(1)}px)`;
    }
    if (!this.isSpark) this.showFigures();
  }

  // The time of the legend's values: the pointer's, else that of the sample in the panels.
  get shownMoment() {
    const { view, store } = this.context;
    return view.hover === null ? store.shown?.time ?? NaN : store.nearest(view.hover);
  }

  // The legend's values, and the description with the same.
  showFigures() {
    this.showValues();
    this.summarize();
  }

  // Sets the accessible name: the plot's label, its time range and its values.
  describe(text) {
    setAttribute(this.canvas, 'aria-label', text ? `${this.label}, ${format.duration(this.context.view.length)}: ${text}` : this.label);
  }
}

const timeSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];
const timeStep = (seconds) => timeSteps.find((step) => step >= seconds) ?? Math.ceil(seconds / 2592000) * 2592000;
