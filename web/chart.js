// Lines, areas and stacks over time. A missing value is a gap. Where there are more samples than pixels, a line of means
// is drawn over a band from minimum to maximum.

import { explained, metric, textOf, titleOf } from './catalog.js';
import { h, keyed, setText } from './dom.js';
import { tick } from './format.js';
import { Plot, pen } from './plot.js';
import { chartButtons } from './save.js';
import { keyOf } from './store.js';
import { faded } from './theme.js';

// The least round number that holds a value; halves and quarters of it are round too.
export function niceCeiling(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8, 10].find((step) => step * power >= value * 0.9999) * power;
}

// The same in KiB, MiB, … for bytes.
const binaryCeiling = (value) => {
  const unit = 1024 ** Math.max(0, Math.floor(Math.log2(value * 1.024) / 10));
  return niceCeiling(value / unit) * unit;
};

// A series: its key, the number of its color, and more options; its label is the title of its metric unless one is given.
export const line = (key, color, options) => ({ key, label: titleOf(key), color: `s${color}`, ...options });

// Dashes distinguish lines of the same color.
export const numbered = (key, label, index) => line(key, (index % 8) + 1, { label, dash: [[], [6, 3], [2, 2]][Math.floor(index / 8) % 3] });

// Lines for the first entries of a list, up to a number that can be told apart, and the number of entries left out.
const mostLines = 24;
export const entries = (id, items, label) => ({
  series: items.slice(0, mostLines).map((item, index) => numbered(keyOf(id, item), label(item), index)),
  more: Math.max(0, items.length - mostLines),
});

export class Chart extends Plot {
  // title; series: lines of one unit with fill, faint, dash, band (the key of their peaks); ceiling: the maximum where it is known;
  // floor and highest: the limits of the upper end otherwise; isStacked; limit: { value, label }.
  constructor(context, options) {
    super(context, options);
    Object.assign(this, { series: [], floor: 1, ...options });
    if (this.isSpark) return;
    this.legend = h('div', { class: 'legend' });
    this.left = h('span', { class: 'note' });
    this.node = h('figure', { class: 'chart' },
      h('figcaption', {}, h('span', { class: 'title', text: options.title ?? options.label }), this.legend, this.left,
        chartButtons(this, options.title || options.label)), this.frame);
    this.showLegend();
  }

  set(options) {
    for (const [name, value] of Object.entries(options)) {
      if (name === 'series') {
        const same = (one, index) => one.key === this.series[index]?.key && one.label === this.series[index].label;
        if (value.length === this.series.length && value.every(same)) continue;
        this.series = value;
        this.traced = null;
        this.showLegend();
        this.showValues();
      } else if (this[name] === value) continue;
      if (name === 'more') setText(this.left, value > 0 ? this.context.t('more', value) : '');
      this[name] = value;
      this.invalidate();
    }
  }

  // A value in the unit of the series.
  text(value) { return textOf(this.series[0]?.key ?? '', value); }

  showLegend() {
    keyed(this.legend, this.series, (one) => one.key + one.label, (one) => {
      const value = h('b', {});
      const node = h('span', { class: 'key', ...explained(one.key) },
        one.label && h('i', { class: `${one.color}${one.dash?.length ? ' dashed' : ''}` }), one.label && h('span', { text: one.label }), value);
      return { node, value };
    }, (item, one) => { one.value = item.value; });
  }

  showValues() {
    const moment = this.shownMoment;
    for (const one of this.series) if (one.value) setText(one.value, this.text(this.context.store.value(one.key, moment)));
  }

  // The values of keys for each column of pixels: x, whether a gap lies before it, and for each key mean, least, greatest.
  trace(keys) {
    const { store } = this.context;
    const { from, to } = this.window;
    const { bridge } = store;
    const parts = store.parts(from, to);
    const total = parts.reduce((sum, { start, end }) => sum + end - start, 0);
    const scale = this.plotWidth / (to - from);
    const [x, gap] = [new Float64Array(total), new Uint8Array(total)];
    const series = keys.map(() => ({ mean: new Float64Array(total), low: new Float64Array(total), high: new Float64Array(total), sum: 0, count: 0, least: Infinity, most: -Infinity }));
    let [length, hasBand, column, sum, count, isGap, last] = [0, false, NaN, 0, 0, true, NaN];
    const finish = () => {
      if (count > 1) hasBand = true;
      x[length] = this.left + (sum / count - from) * scale;
      gap[length] = isGap ? 1 : 0;
      for (const one of series) {
        const isKnown = one.count > 0;
        one.mean[length] = one.sum / one.count;
        one.low[length] = isKnown ? one.least : NaN;
        one.high[length] = isKnown ? one.most : NaN;
        one.sum = one.count = 0;
        one.least = Infinity;
        one.most = -Infinity;
      }
      isGap = false;
      sum = count = 0;
      length += 1;
    };
    for (const { columns, start, end } of parts) {
      const { times } = columns;
      const [means, lows, highs] = ['mean', 'min', 'max'].map((name) => keys.map((key) => columns[name].get(key)));
      if (lows[0]) hasBand = true;
      for (let index = start; index < end; index += 1) {
        const time = times[index];
        const here = Math.floor((time - from) * scale);
        // NaN alone is unlike itself.
        let isKnown = false;
        for (let key = 0; key < keys.length && !isKnown; key += 1) isKnown = means[key] !== undefined && means[key][index] === means[key][index];
        const isFar = !isKnown || time - last > bridge;
        if (count > 0 && (isFar || here !== column)) finish();
        if (isFar) isGap = true;
        last = time;
        column = here;
        if (!isKnown) continue;
        sum += time;
        count += 1;
        for (let key = 0; key < keys.length; key += 1) {
          const value = means[key] ? means[key][index] : NaN;
          if (value !== value) continue;
          const one = series[key];
          const least = lows[key] && lows[key][index] < value ? lows[key][index] : value;
          const most = highs[key] && highs[key][index] > value ? highs[key][index] : value;
          one.sum += value;
          one.count += 1;
          if (least < one.least) one.least = least;
          if (most > one.most) one.most = most;
        }
      }
    }
    if (count > 0) finish();
    return { length, hasBand, x, gap, series };
  }

  traces() {
    if (!this.isStacked) return this.series.map((one) => [this.trace([one.key]), one.band && this.trace([one.band])]);
    const trace = this.trace(this.series.map((one) => one.key));
    const sums = new Float32Array(trace.length);
    for (const one of trace.series) {
      for (let index = 0; index < trace.length; index += 1) {
        if (one.mean[index] > 0) sums[index] += one.mean[index];
        one.mean[index] = sums[index];
      }
      one.high = one.mean;
    }
    return [[trace]];
  }

  draw() {
    let traces = this.traces();
    const top = this.top(traces.flat());
    const scale = this.isSpark ? null : this.scale(top);
    if (scale && scale.width !== this.left) {
      this.left = scale.width;
      traces = this.traces();
    }
    if (this.hasAxis) this.drawTimes();
    if (scale) this.drawScale(scale);
    pen.strokeStyle = this.colors.line;
    pen.beginPath();
    this.hair(this.left, this.plotHeight - 1, this.width, this.plotHeight - 1);
    pen.stroke();
    pen.save();
    pen.beginPath();
    pen.rect(this.left, 0, this.plotWidth, this.plotHeight);
    pen.clip();
    const [bottom, share] = [this.plotHeight - 1, (this.plotHeight - 2) / top];
    this.y = (value) => bottom - Math.min(top * 1.02, value) * share;
    if (this.isStacked) this.drawStack(traces[0][0]);
    else traces.forEach(([trace, peak], index) => this.drawLine(this.series[index], trace, peak));
    if (this.limit?.value <= top) this.drawLimit();
    pen.restore();
    this.traced = traces;
  }

  top(traces) {
    if (this.ceiling) return this.ceiling;
    let most = 0;
    for (const trace of traces) {
      for (const { high } of trace?.series ?? []) for (let index = 0; index < trace.length; index += 1) if (high[index] > most) most = high[index];
    }
    const ceiling = metric(this.series[0]?.key ?? '').unit === 'bytes_per_second' ? binaryCeiling : niceCeiling;
    return Math.min(ceiling(Math.max(this.floor, most * 1.02)), this.highest ?? Infinity);
  }

  // The labels of the value axis, from below, and their width.
  scale(top) {
    const parts = this.plotHeight >= 120 ? 4 : this.plotHeight >= 34 ? 2 : 1;
    const step = metric(this.series[0]?.key ?? '').unit === 'mebibytes' ? 2 ** Math.round(Math.log2(top / parts)) : top / parts;
    const texts = [];
    for (let value = 0; value <= top * 1.001; value += step) texts.push([value / top, tick(this.text(value))]);
    const widest = Math.max(...texts.map(([, text]) => pen.measureText(text).width));
    // In steps, so that the axis does not jump with each digit.
    return { texts, width: Math.ceil((widest + 8) / 8) * 8 };
  }

  drawScale({ texts }) {
    pen.textAlign = 'right';
    pen.textBaseline = 'middle';
    pen.fillStyle = this.colors.quiet;
    pen.strokeStyle = this.colors.line;
    pen.beginPath();
    for (const [share, text] of texts) {
      const y = this.plotHeight - 1 - share * (this.plotHeight - 2);
      this.hair(this.left, y, this.width, y);
      pen.fillText(text, this.left - 6, Math.min(Math.max(y, 6), this.plotHeight - 5));
    }
    pen.stroke();
  }

  // Calls body for each run of samples without a gap.
  runs(trace, body) {
    let start = 0;
    for (let index = 1; index <= trace.length; index += 1) {
      if (index < trace.length && !trace.gap[index]) continue;
      body(start, index);
      start = index;
    }
  }

  // Fills from one course to another, back along it.
  fill(color, share, trace, start, end, upper, lower) {
    pen.fillStyle = faded(color, share);
    pen.beginPath();
    for (let index = start; index < end; index += 1) pen.lineTo(trace.x[index], this.y(upper[index]));
    // A single sample of a stack gets a little width.
    if (end - start === 1) {
      pen.lineTo(trace.x[start] + 1.5, this.y(upper[start]));
      pen.lineTo(trace.x[start] + 1.5, lower ? this.y(lower[start]) : this.plotHeight);
    }
    for (let index = end - 1; index >= start; index -= 1) pen.lineTo(trace.x[index], lower ? this.y(lower[index]) : this.plotHeight);
    pen.fill();
  }

  drawLine(one, trace, peak) {
    const color = this.colors[one.color];
    const { mean, low, high } = trace.series[0];
    this.runs(trace, (start, end) => {
      if (end - start > 1) {
        if (one.fill) this.fill(color, 0.14, trace, start, end, mean);
        if (trace.hasBand) this.fill(color, 0.22, trace, start, end, high, low);
        if (peak?.length === trace.length) this.fill(color, 0.22, trace, start, end, peak.series[0].high, mean);
      }
      pen.strokeStyle = color;
      pen.lineWidth = this.isSpark ? 1.25 : 1.5;
      pen.setLineDash(one.dash ?? []);
      pen.beginPath();
      for (let index = start; index < end; index += 1) pen.lineTo(trace.x[index], this.y(mean[index]));
      // A single sample is a dot: a line without length, with round ends.
      if (end - start === 1) pen.lineTo(trace.x[start] + 0.01, this.y(mean[start]));
      pen.stroke();
    });
    pen.setLineDash([]);
  }

  drawStack(trace) {
    this.runs(trace, (start, end) => {
      this.series.forEach((one, key) => this.fill(this.colors[one.color], one.faint ? 0.22 : 0.62, trace, start, end,
        trace.series[key].mean, trace.series[key - 1]?.mean));
    });
  }

  drawLimit() {
    const y = this.y(this.limit.value);
    pen.strokeStyle = this.colors.quiet;
    pen.setLineDash([4, 3]);
    pen.beginPath();
    this.hair(this.left, y, this.width, y);
    pen.stroke();
    pen.setLineDash([]);
    pen.textAlign = 'left';
    pen.fillStyle = this.colors.quiet;
    pen.fillText(this.limit.label, this.left + 4, y - 7);
  }

  // Describes each series: its value at the shown time and its range over the drawn time, or "no data".
  summarize() {
    const { t, store } = this.context;
    const words = this.series.slice(0, 8).map((one, index) => {
      const trace = this.isStacked ? null : this.traced?.[index]?.[0];
      const value = store.value(one.key, this.shownMoment);
      if (!Number.isFinite(value) && !trace?.length) return null;
      const now = `${one.label} ${Number.isFinite(value) ? this.text(value) : t('noData')}`.trim();
      if (!trace?.length) return now;
      const { low, high } = trace.series[0];
      // A live value may be newer than the drawing.
      let [least, most] = Number.isFinite(value) ? [value, value] : [Infinity, -Infinity];
      for (let place = 0; place < trace.length; place += 1) {
        if (low[place] < least) least = low[place];
        if (high[place] > most) most = high[place];
      }
      return `${now}, ${t('between', this.text(least), this.text(most))}`;
    }).filter(Boolean);
    this.describe(words.join('; ') || t('noData'));
  }
}
