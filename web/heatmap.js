// Usage of each logical CPU over time, a row for each: up to 256 fit.

import { h, setText } from './dom.js';
import * as format from './format.js';
import { Plot, pen } from './plot.js';
import { chartButtons } from './save.js';

// Rows are whole pixels, or some would be twice as high as others.
const rowHeight = (count) => (count <= 8 ? 14 : count <= 16 ? 9 : count <= 32 ? 5 : count <= 64 ? 3 : count <= 96 ? 2 : 1);

export class HeatMap extends Plot {
  // below: the chart that it stands under.
  constructor(context, options) {
    super(context, { ...options, kind: 'heat' });
    Object.assign(this, { below: options.below, keys: [], row: -1, value: h('b', {}), image: h('canvas') });
    this.node = h('figure', { class: 'chart' },
      h('figcaption', {}, h('span', { class: 'title', text: options.label }),
        h('div', { class: 'legend' }, this.value, h('span', { class: 'scale', 'aria-hidden': 'true' }, '0%', h('i', {}), '100%')),
        chartButtons(this, options.label)),
      this.frame);
    this.frame.addEventListener('pointermove', (event) => {
      const share = (event.clientY - this.frame.getBoundingClientRect().top) / this.plotHeight;
      this.row = share < 1 ? Math.floor(share * this.keys.length) : -1;
      this.showValues();
    });
    this.frame.addEventListener('pointerleave', () => { this.row = -1; });
  }

  // The columns of a saved file, one for each CPU.
  get series() { return this.keys.map((key) => ({ key, label: '' })); }

  setRows(keys) {
    if (keys.length === this.keys.length) return;
    this.keys = keys;
    this.frame.style.height = `calc(1.22rem + ${keys.length * rowHeight(keys.length)}px)`;
    this.invalidate();
  }

  draw() {
    const { store } = this.context;
    const { from, to } = this.window;
    const rows = this.keys.length;
    if (rows === 0) return;
    // Below a chart, times are at the same place as there.
    this.left = this.below.left;
    this.drawTimes();
    pen.textAlign = 'right';
    pen.textBaseline = 'middle';
    // The marks of events have colors of their own.
    pen.fillStyle = this.colors.quiet;
    // The numbers of the first and the last CPU, or of all where there is room.
    for (let row = 0; row < rows; row += rows <= 8 ? 1 : rows - 1) {
      pen.fillText(this.number(row), this.left - 6, Math.min(Math.max(((row + 0.5) / rows) * this.plotHeight, 6), this.plotHeight - 6));
    }
    const width = Math.max(1, Math.floor(this.plotWidth));
    Object.assign(this.image, { width, height: rows });
    const brush = this.image.getContext('2d');
    const picture = brush.createImageData(width, rows);
    const pixels = new Uint32Array(picture.data.buffer);
    const scale = width / (to - from);
    const column = (time) => Math.floor((time - from) * scale);
    let before = NaN;
    for (const { columns: { times, mean }, start, end } of store.parts(from, to)) {
      // The samples of each span of pixels, the same in all rows: first, behind the last, left, behind the right.
      const stretches = [];
      for (let index = start, next; index < end; index = next) {
        const right = column(times[index]);
        next = index + 1;
        while (next < end && column(times[next]) === right) next += 1;
        // A sample covers the time since the one before it.
        const left = times[index] - before <= store.bridge ? Math.min(right, column(before) + 1) : right;
        before = times[next - 1];
        stretches.push([index, next, Math.max(0, left), Math.min(width, right + 1)]);
      }
      this.keys.forEach((key, row) => {
        const values = mean.get(key);
        if (!values) return;
        for (const [first, behind, left, right] of stretches) {
          let [sum, count] = [0, 0];
          for (let place = first; place < behind; place += 1) {
            if (!(values[place] >= 0)) continue;
            sum += values[place];
            count += 1;
          }
          if (count === 0) continue;
          const color = this.colors.heat[Math.min(255, Math.round((sum / count) * 255))];
          for (let x = row * width + left; x < row * width + right; x += 1) pixels[x] = color;
        }
      });
    }
    brush.putImageData(picture, 0, 0);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(this.image, this.left, 0, this.plotWidth, this.plotHeight);
  }

  summarize() {
    this.describe(this.busy());
  }

  number(row) {
    return /"(.*)"/.exec(this.keys[row])[1];
  }

  busy() {
    const { store, t } = this.context;
    const values = this.keys.map((key) => store.value(key, this.shownMoment)).filter(Number.isFinite);
    return values.length > 0 ? t('busyCores', values.filter((value) => value >= 0.9).length, values.length) : t('noData');
  }

  showValues() {
    const key = this.keys[this.row];
    setText(this.value, key ? `CPU ${this.number(this.row)}: ${format.percent(this.context.store.value(key, this.shownMoment))}` : this.busy());
  }
}
