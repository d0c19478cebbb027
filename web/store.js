// The data of the charts: the agent's history of the shown time, and the live samples since.

import { getJSON } from './api.js';
import { idsOf, metric, valueIn } from './catalog.js';
import { Columns, lowerBound } from './series.js';

// The drawn metrics, by the catalog's ids. A metric that a machine lacks gives no series.
const ids = idsOf({
  cpu: 'usage frequency_mhz modes.user modes.nice modes.system modes.irq modes.softirq modes.steal modes.iowait',
  ram: 'used_mb available_mb free_mb usage',
  gpus: 'util util_peak vram_usage temperature_c power_watts clock_mhz',
  load: 'load1 load5 load15',
  pressure: 'cpu.some.ratio memory.some.ratio io.some.ratio',
  disk: 'read_bytes_per_sec write_bytes_per_sec',
  network: 'receive_bytes_per_sec transmit_bytes_per_sec',
  disks: 'busy',
  filesystems: 'usage',
  networks: 'receive_bytes_per_sec transmit_bytes_per_sec',
  temperatures: 'celsius',
  agent: 'cpu_cores',
});
// One for each logical CPU: too many to ask for their least and greatest too.
const cores = 'cpu.per_core.usage';

// The key of a list's entry, as the agent's columns have it: gpus.util{index="0"}.
export const keyOf = (id, entry) =>
  `${id}{${metric(id).labels.map((name) => `${name}="${String(entry[name] ?? 0).replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`).join(',')}}`;

const belongs = (key, id) => key[id.length] === '{' && key.startsWith(id);

// The keys of the entries of each list.
const keys = new Map([...ids, cores].map((id) => [id, []]));

function valuesOf(sample) {
  const values = [];
  for (const [id, known] of keys) {
    const { labels = [] } = metric(id);
    const dot = labels.length > 0 ? id.lastIndexOf('.') : id.length;
    const found = valueIn(sample, id.slice(0, dot));
    if (labels.length === 0) values.push([id, found]);
    else found?.forEach((entry, index) => {
      // A key is created once for each place in a list, and again when another entry takes the place.
      if (!known[index] || labels.some((name) => known[index].entry[name] !== entry[name])) known[index] = { entry, key: keyOf(id, entry) };
      values.push([known[index].key, entry[id.slice(dot + 1)]]);
    });
  }
  return values.filter(([, value]) => typeof value === 'number');
}

// Series made of others: of all series of an id, or of two ids where both are known. Their keys begin with the id of the metric
// whose title and unit they have.
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const most = (values) => values.reduce((a, b) => Math.max(a, b));
const derived = [
  ['gpus.util mean', 'gpus.util', mean], ['gpus.vram_usage mean', 'gpus.vram_usage', mean],
  ['gpus.power_watts sum', 'gpus.power_watts', (values) => mean(values) * values.length],
  ['gpus.temperature_c max', 'gpus.temperature_c', most], ['temperatures.celsius max', 'temperatures.celsius', most],
  ['ram.available_mb used', ['ram.available_mb', 'ram.free_mb'], ([available, free]) => Math.max(0, available - free)],
  ['cpu.modes.irq all', ['cpu.modes.irq', 'cpu.modes.softirq'], ([hard, soft]) => hard + soft],
];

// Every value of one sample, by the keys of the series.
function allValuesOf(sample) {
  const columns = new Columns(1);
  columns.append(0, valuesOf(sample));
  return new Map([...derive(columns).mean].map(([key, [value]]) => [key, value]));
}

// Adds the derived series from an index on.
function derive(columns, start = 0) {
  for (const [key, from, of] of derived) {
    const isPair = Array.isArray(from);
    const sources = isPair ? from.map((id) => columns.mean.get(id)) : columns.keys(from).map((name) => columns.mean.get(name));
    if (sources.length === 0 || sources.includes(undefined)) continue;
    const array = columns.series(key);
    for (let index = start; index < columns.length; index += 1) {
      const values = [];
      for (const source of sources) if (source[index] === source[index]) values.push(source[index]);
      array[index] = values.length > 0 && !(isPair && values.length < 2) ? of(values) : NaN;
    }
  }
  return columns;
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800];
const niceStep = (seconds) => steps.find((step) => step >= seconds) ?? Math.ceil(seconds / 604800) * 604800;

// The number of live points that are kept as they came, and of points requested for the shown time.
const [kept, points] = [1800, 720];

export class Store {
  // onchange(): the data changed; onappend(): a sample was appended.
  constructor(onchange, onappend) {
    Object.assign(this, { onchange, onappend, base: new Columns(), tail: new Columns(256), interval: 30, step: 0, asked: null, error: null, shown: null });
  }

  // Sets the sample in the panels, or null; legends show its values too, not those of a series' point, which may be a mean.
  setShown(sample, time) {
    this.shown = sample && { time, values: allValuesOf(sample) };
  }

  // The newest known time, or -Infinity.
  get now() { return Math.max(...[this.tail.last, this.base.last].filter(Number.isFinite)); }

  // The greatest distance of a time from its point.
  get reach() { return Math.max(this.interval, this.step) * 1.6; }

  // The greatest distance of two points that a line connects: after a late tick, the next sample is a mean over two.
  get bridge() { return Math.max(this.interval, this.step) * 2.5; }

  // Whether samples before a live one were missed.
  isMissingBefore(time) { return time - this.tail.last > 2.5; }

  // Appends a live sample. A hole of more than a tick before it is requested.
  append(sample, time) {
    const { last } = this.tail;
    if (time <= last) return;
    const isHole = this.isMissingBefore(time);
    this.tail.append(time, valuesOf(sample));
    derive(this.tail, this.tail.length - 1);
    if (isHole) this.fill(last, time);
    if (this.tail.length > kept * 1.5) {
      // Old live points move to the history, as coarse as it is.
      const border = this.tail.times[this.tail.length - kept];
      this.base = this.base.slice(-Infinity, this.tail.first).merged(this.tail.slice(-Infinity, border).stepped(Math.max(this.interval, this.step)));
      this.tail = this.tail.slice(border, Infinity);
      if (this.base.length > points * 12) this.base = this.base.stepped(Math.max(this.interval, this.step) * 4);
    }
    this.onappend();
  }

  // Requests samples that were missed: after a cut, a restart of the agent, a suspend. Several holes are one request.
  fill(from, to) {
    if (this.hole) this.hole.to = to;
    else {
      this.hole = { from, to };
      setTimeout(() => this.fillHole(), 300);
    }
  }

  async fillHole() {
    const { from, to } = this.hole;
    this.hole = null;
    try {
      const missing = await this.ask(from + 0.5, to - 0.5, niceStep((to - from) / kept));
      this.tail = this.tail.merged(missing);
      this.onchange();
    } catch { /* the next cut or the next range asks again */ }
  }

  // A step finer than the agent's interval includes the samples that it read for viewers.
  async ask(from, to, step, signal) {
    const get = (metrics, stats = '') => getJSON(`metrics/history?from=${Math.max(0, from)}&to=${to}&step=${step}&metrics=${metrics}${stats}`, { signal });
    const isCoarse = step > this.interval;
    const answers = await Promise.all([get(ids.join(','), isCoarse ? '&stats=mean,min,max' : ''), get(cores)]);
    this.interval = answers[0].interval_sec;
    // The first response has the agent's interval; where that is shorter than assumed, minimum and maximum are needed, too.
    if (step > this.interval && !isCoarse) return this.ask(from, to, step, signal);
    const [columns, heat] = answers.map((answer) => Columns.from(answer));
    return derive(columns.merged(heat));
  }

  // Sees to it that a window of time can be drawn, with a point for each pixel or so.
  async show(from, to) {
    const span = to - from;
    const step = niceStep(span / points);
    // Only times before the live samples are requested.
    const end = Math.min(to, this.tail.length > 0 ? this.tail.first : Infinity);
    const isEnough = (window) => window?.step === step && window.from <= from + 1 && window.to >= end - this.reach;
    if (end <= from || isEnough(this.asked) || isEnough(this.pending)) return;
    this.controller?.abort();
    const { signal } = (this.controller = new AbortController());
    // Half a window more on each side, so that a little panning shows no emptiness.
    const window = (this.pending = { from: from - span / 2, to: Math.min(to + span / 2, Math.max(to, this.now)), step });
    try {
      const answer = await this.ask(window.from, window.to, step, signal);
      // Earlier data stays, as the data of an agent that has restarted does.
      const first = Math.max(window.from, Number.isFinite(answer.first) ? answer.first : window.to);
      const before = this.base.slice(-Infinity, first - this.reach / 2);
      const after = this.base.slice(window.to + 0.001, Infinity);
      this.base = before.length + after.length < points * 12 ? answer.merged(before).merged(after) : answer;
      Object.assign(this, { asked: window, step, error: null });
    } catch (error) {
      if (signal.aborted) return;
      this.error = error;
    }
    this.pending = null;
    this.onchange();
  }

  // The time of the oldest sample, to the minute. A point stands at the end of its step.
  async extent() {
    const first = async (question) => {
      const { timestamps, series } = await getJSON(`metrics/history?${question}&metrics=cpu.usage`);
      return [timestamps[(series['cpu.usage'] ?? []).findIndex((value) => value !== null)], timestamps.at(-1)];
    };
    // Before the first live sample, the newest time is known from the answer only.
    const [recent, newest] = await first('seconds=7200&step=60');
    if (recent > newest - 7000) return recent - 60;
    const [hour] = await first('from=0&step=3600');
    if (hour === undefined) return hour;
    const [minute = hour] = await first(`from=${hour - 3600}&to=${hour}&step=60`);
    return minute - 60;
  }

  has(key) { return this.base.mean.has(key) || this.tail.mean.has(key); }

  // The parts to draw of [from, to], one point more on each side: { columns, start, end }.
  parts(from, to) {
    const border = this.tail.length > 0 ? this.tail.first : Infinity;
    return [[this.base, lowerBound(this.base.times, this.base.length, border)], [this.tail, this.tail.length]].map(([columns, length]) => ({
      columns, start: Math.max(0, lowerBound(columns.times, length, from) - 1), end: Math.min(length, lowerBound(columns.times, length, to) + 1),
    })).filter(({ start, end }) => end > start);
  }

  // The nearest point around a time that passes a test, or NaN.
  around(time, test) {
    let best = NaN;
    for (const { columns, start, end } of this.parts(time, time)) {
      for (let index = Math.max(0, start - 1); index < Math.min(columns.length, end + 1); index += 1) {
        const other = columns.times[index];
        if (test(other - time) && !(Math.abs(other - time) >= Math.abs(best - time))) best = other;
      }
    }
    return best;
  }

  nearest(time) { return this.around(time, (distance) => Math.abs(distance) <= this.reach); }

  // The next point after a time, or before it where `direction` is −1.
  neighbour(time, direction) { return this.around(time, (distance) => distance * direction > 0.001); }

  // The value of a series at the time of the shown sample, or at one that `nearest` gave.
  value(key, time) {
    if (time === this.shown?.time) return this.shown.values.get(key) ?? NaN;
    for (const columns of [this.tail, this.base]) {
      const index = lowerBound(columns.times, columns.length, time);
      const value = columns.times[index] === time && index < columns.length ? columns.mean.get(key)?.[index] : NaN;
      if (value === value && value !== undefined) return value;
    }
    return NaN;
  }
}
