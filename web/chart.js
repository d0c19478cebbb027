// A line over time. Every point stands at its sample's own moment, and where samples are missing the line is broken.

const svgNamespace = 'http://www.w3.org/2000/svg';
const width = 600;
const height = 100;

function svg(tag, attributes, parent) {
  const node = document.createElementNS(svgNamespace, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  parent?.append(node);
  return node;
}

function element(tag, className, parent) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  parent?.append(node);
  return node;
}

// The least of 1, 2, 5 × 10ⁿ that holds a value.
function niceCeiling(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].find((step) => step * power >= value * 0.9999) * power;
}

export class Chart {
  // label: what is shown, for those who cannot see it; series: [{key, label, color}]; format: a value as text;
  // ceiling: the greatest value where there is one; floor: the least upper end where there is none.
  constructor(parent, { label, series, format, ceiling, floor = 1, small = false }) {
    Object.assign(this, { label, series, format, ceiling, floor });
    this.figure = element('figure', small ? 'chart small' : 'chart', parent);
    const frame = element('div', 'frame', this.figure);
    this.svg = svg('svg', { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img' }, frame);
    for (const y of small ? [] : [0.5, height / 2]) {
      svg('line', { x1: 0, x2: width, y1: y, y2: y, class: 'rule' }, this.svg);
    }
    svg('line', { x1: 0, x2: width, y1: height - 0.5, y2: height - 0.5, class: 'rule' }, this.svg);
    this.lines = series.map(({ color }) => ({
      area: svg('path', { class: `area ${color}` }, this.svg),
      line: svg('path', { class: `line ${color}` }, this.svg),
    }));
    if (small) return;
    this.top = element('span', 'top', frame);
    const caption = element('figcaption', '', this.figure);
    this.start = element('span', 'quiet', caption);
    this.legend = series.map(({ color, label: text }) => {
      const item = element('span', 'key', caption);
      element('i', color, item);
      if (text) element('span', '', item).textContent = `${text} `;
      return element('b', '', item);
    });
  }

  // points: [{time, …}] in order; the last `span` seconds before `now` are drawn, a gap where more than `gap` is missing.
  draw(points, { now, span, gap, spanText }) {
    const shown = points.filter((point) => point.time > now - span);
    const values = this.series.flatMap(({ key }) => shown.map((point) => point[key])).filter(Number.isFinite);
    const top = this.ceiling ?? niceCeiling(Math.max(this.floor, ...values));
    const x = (time) => (width * (1 - (now - time) / span)).toFixed(1);
    const y = (value) => (height - 1.5 - (height - 3) * Math.min(1, Math.max(0, value / top))).toFixed(1);
    this.series.forEach(({ key }, index) => {
      let line = '';
      let area = '';
      let run = [];
      const flush = () => {
        if (run.length > 0) {
          const path = run.map((point) => `${x(point.time)} ${y(point[key])}`).join('L');
          // A lone sample is a dot: a line without length with round ends.
          line += `M${path}${run.length === 1 ? 'h0.01' : ''}`;
          if (run.length > 1) area += `M${x(run[0].time)} ${height}L${path}L${x(run.at(-1).time)} ${height}Z`;
        }
        run = [];
      };
      for (const point of shown) {
        if (run.length > 0 && point.time - run.at(-1).time > gap) flush();
        if (Number.isFinite(point[key])) run.push(point);
        else flush();
      }
      flush();
      this.lines[index].line.setAttribute('d', line);
      this.lines[index].area.setAttribute('d', area);
    });
    const last = points.at(-1);
    const summary = this.series.map(({ key, label }) => {
      const own = shown.map((point) => point[key]).filter(Number.isFinite);
      if (own.length === 0) return `${label ?? ''} nothing known`;
      const [least, most] = [Math.min(...own), Math.max(...own)];
      return `${label ?? ''} now ${this.format(last[key])}, from ${this.format(least)} to ${this.format(most)}`;
    });
    this.svg.setAttribute('aria-label', `${this.label}, last ${spanText}: ${summary.join('; ')}`);
    if (!this.top) return;
    this.top.textContent = this.format(top);
    this.start.textContent = `last ${spanText}`;
    this.legend.forEach((node, index) => {
      node.textContent = this.format(last?.[this.series[index].key]);
    });
  }
}
