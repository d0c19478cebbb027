// Processes: the busiest of each sample; the whole table on request or while a filter is set.

import { getJSON } from './api.js';
import { h, setAttribute, setHidden, setText, visible } from './dom.js';
import * as format from './format.js';
import { Panel, Table } from './panel.js';

const io = ({ read_bytes_per_sec: read, write_bytes_per_sec: written }) =>
  (Number.isFinite(read) || Number.isFinite(written) ? (read || 0) + (written || 0) : NaN);

// Name, class, value (texts are ordered from the first, numbers from the greatest), format, and the API's order.
const columns = [
  ['pid', 'number', (one) => one.pid, String, 'pid'],
  ['name', 'grow', (one) => one.name ?? ''],
  ['user', 'optional', (one) => one.user ?? '', visible],
  ['service', 'optional', (one) => one.service ?? '', visible],
  ['cpu', 'number', (one) => one.cpu, format.percent, 'cpu'],
  ['memory', 'number', (one) => one.rss_bytes, format.bytes, 'memory'],
  ['vram', 'number gpu-column', (one) => one.gpu_memory_mb, format.mebibytes, 'gpu'],
  ['gpu', 'number gpu-column', (one) => one.gpu_util, format.percent, 'gpu'],
  ['io', 'number', io, format.rate, 'io'],
  ['threadsLabel', 'number optional', (one) => one.threads, format.count],
  ['state', 'optional', (one) => one.state ?? '', visible],
];
const isText = (id) => ['pid', 'name', 'user', 'service', 'state'].includes(id);
// At most one request a second: samples come as often.
const [shownAtFirst, shownAtMost, pause] = [20, 500, 900];

// The sum of each process's use of all GPUs, as /processes has it, and their numbers.
function gpuUse(sample) {
  const uses = new Map();
  const add = (total, value) => (value >= 0 ? (total || 0) + value : total);
  for (const { index, processes } of sample.gpus ?? []) {
    for (const { pid, name, user, service, vram_used_mb: vram, util } of processes ?? []) {
      const use = uses.get(pid) ?? { pid, name, user, service, gpu_indexes: [] };
      Object.assign(use, { gpu_memory_mb: add(use.gpu_memory_mb, vram), gpu_util: add(use.gpu_util, util) });
      use.gpu_indexes.push(index);
      uses.set(pid, use);
    }
  }
  return uses;
}

export class ProcessPanel extends Panel {
  constructor(context) {
    const { t } = context;
    super(context, 'processes', { kind: 'full', sources: ['processes'] });
    Object.assign(this, { order: 'cpu', isReverse: false, whole: null });
    this.filter = h('input', { type: 'search', placeholder: t('filter'), 'aria-label': t('filter'), autocomplete: 'off', spellcheck: 'false', oninput: () => this.ask() });
    this.all = h('button', { type: 'button', 'aria-pressed': 'false', text: t('allProcesses'), onclick: () => {
      this.all.setAttribute('aria-pressed', String(!this.isAll));
      this.ask();
    } });
    this.head.append(h('div', { class: 'tools' }, this.filter, this.all));
    this.buttons = columns.map(([id]) => h('button', { type: 'button', class: 'sort', text: t(id), onclick: () => this.sort(id, this.order === id && !this.isReverse) }));
    this.table = new Table(t('processes'), columns.map(([, kind], index) => [this.buttons[index], kind]));
    this.empty = h('p', { class: 'note', hidden: true, text: t('noneMatches') });
    this.body.append(this.table.node, this.empty);
    this.sort('cpu', false);
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.isSeen = isIntersecting;
      this.ask();
    }).observe(this.node);
  }

  get isAll() { return this.all.getAttribute('aria-pressed') === 'true'; }
  get wantsAll() { return this.isAll || this.filter.value.trim() !== ''; }

  sort(id, isReverse) {
    Object.assign(this, { order: id, isReverse, whole: null });
    columns.forEach(([other], index) => setAttribute(this.buttons[index].parentElement, 'aria-sort',
      other === id && (isText(id) !== isReverse ? 'ascending' : 'descending')));
    this.ask();
  }

  has(sample) { return sample.processes; }

  show(sample) {
    // Another time: the table of the one before does not hold for it.
    if (this.isPast !== this.context.isPast()) this.whole = null;
    this.isPast = this.context.isPast();
    this.sample = sample;
    this.uses = gpuUse(sample);
    setAttribute(this.node, 'data-gpu', this.uses.size > 0 && 'true');
    this.ask();
  }

  // Requests the whole table while it is visible; of the past only the busiest are stored.
  async ask() {
    if (!this.sample) return;
    const { isPast, sample } = this;
    if (!this.wantsAll) this.whole = null;
    this.draw();
    if (!this.wantsAll && !(isPast && !sample.processes.top?.length) || this.isAsking || document.hidden || !this.isSeen) return;
    const moment = isPast ? sample.timestamp : null;
    if (this.whole?.moment === moment && (isPast || performance.now() - this.askedAt < pause)) return;
    this.isAsking = true;
    const sort = columns.find(([id]) => id === this.order)[4] ?? 'cpu';
    let list = sample.processes.top ?? [];
    try {
      list = (await getJSON(`processes?sort=${sort}${isPast ? `&at=${moment}` : '&limit=5000'}`)).processes;
    } catch { /* the sample's own few are shown */ }
    Object.assign(this, { isAsking: false, askedAt: performance.now(), whole: { moment, list } });
    this.draw();
  }

  draw() {
    const { t } = this.context;
    const { total, top = [] } = this.sample.processes;
    const listed = new Map((this.whole?.list ?? top).map((one) => [one.pid, { ...this.uses.get(one.pid), ...one }]));
    // A user of a GPU is shown even where it is not among the busiest; in the whole table it has ended.
    if (!this.whole || this.isPast) for (const [pid, use] of this.uses) if (!listed.has(pid)) listed.set(pid, use);
    const words = this.filter.value.trim().toLowerCase().split(/\s+/);
    const matching = [...listed.values()].filter((one) => words.every((word) =>
      [one.pid, one.name, one.user, one.service, one.command].some((text) => String(text ?? '').toLowerCase().includes(word))));
    const [, , of] = columns.find(([id]) => id === this.order);
    const sign = (this.isReverse ? -1 : 1) * (isText(this.order) ? 1 : -1);
    const rank = (value) => (typeof value === 'string' ? value.toLowerCase() : value ?? -1);
    matching.sort((a, b) => {
      const [x, y] = [rank(of(a)), rank(of(b))];
      return x < y ? -sign : x > y ? sign : (b.rss_bytes ?? 0) - (a.rss_bytes ?? 0) || a.pid - b.pid;
    });
    const rows = matching.slice(0, this.wantsAll ? shownAtMost : shownAtFirst);
    setText(this.note, t(this.isPast ? 'storedTop' : this.wantsAll ? 'shownOf' : 'busiestOf', rows.length, format.count(this.whole?.list.length ?? total),
      format.time(Date.parse(this.sample.timestamp) / 1000, 'second')));
    setHidden(this.empty, rows.length > 0);
    // A number may have gone to another process.
    this.table.show(rows, (one) => `${one.pid} ${one.start_seconds ?? ''}`, (one, row) => columns.map(([id, , value, text]) =>
      (id === 'name' ? this.name(one, row) : id === 'gpu' ? this.gpus(one, text) : text(value(one)))));
  }

  // The name, with the rest of what is known of the process.
  name(one, row) {
    row.name ??= h('bdi', {});
    setText(row.name, visible(one.name ?? format.absent));
    setAttribute(row.name, 'title', [one.name, one.command, one.user, one.service].filter(Boolean).map(visible).join('\n'));
    return row.name;
  }

  // The sum over its GPUs, and their numbers.
  gpus({ gpu_util: util, gpu_indexes: indexes }, text) {
    return indexes?.length ? `${text(util)} (${indexes.join(', ')})` : text(util);
  }
}
