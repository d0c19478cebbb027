// Workloads: containers, services, sessions, jobs and others of the shown time; while the charts show a window of the past, as after a
// drag over a peak, who used the machine within it.

import { getJSON } from './api.js';
import { column, textOf } from './catalog.js';
import { h, joined, setAttribute, setHidden, setText, visible } from './dom.js';
import * as format from './format.js';
import { argumentsOf } from './panel-processes.js';
import { Panel, Table } from './panel.js';
import { rankingRemark } from './text.js';

const sumOf = (...values) => (values.some(Number.isFinite) ? values.reduce((sum, value) => sum + (Number.isFinite(value) ? value : 0), 0) : NaN);
const io = (one) => sumOf(one.read_bytes_per_sec, one.write_bytes_per_sec);
const highest = (one) => {
  const known = [one.pressure_cpu, one.pressure_memory, one.pressure_io].filter(Number.isFinite);
  return known.length > 0 ? Math.max(...known) : NaN;
};
const columns = [
  ['name', 'grow'], ['kind', 'optional'], ['user', 'optional'], ['cpu', 'number'], ['ended_cpu', 'number optional'],
  ['throttled', 'number'], ['memory_bytes', 'number'], ['memory_limit_bytes', 'number optional'], ['pressure', 'number'], ['io', 'number'],
  ['receive_bytes_per_sec', 'number network-column'], ['transmit_bytes_per_sec', 'number network-column'],
  ['gpu', 'number gpu-column'], ['gpu_memory_bytes', 'number gpu-column'],
];
const several = {
  io: 'workloads.top.read_bytes_per_sec workloads.top.write_bytes_per_sec',
  pressure: 'workloads.top.pressure_cpu workloads.top.pressure_memory workloads.top.pressure_io',
};
const idOf = (member) => `workloads.top.${{ pressure: 'pressure_io', io: 'read_bytes_per_sec' }[member] ?? member}`;
// Members of a ranked entry, the titles, and how the values are written.
const ranked = [
  ['name', 'grow', 'rank.name'], ['kind', 'optional', 'rank.kind'], ['user', 'optional', 'rank.user'], ['share', 'number', 'rank.share', format.percent],
  ['cpu_seconds', 'number', 'rank.cpu', format.spent], ['gpu_seconds', 'number gpu-column', 'rank.gpu', format.spent],
  ['energy_joules', 'number gpu-column', 'rank.energy', format.energy],
  ['io', 'number', 'rank.io', format.bytes], ['memory_mean_bytes', 'number', 'rank.mean', format.bytes],
  ['memory_peak_bytes', 'number optional', 'rank.peak', format.bytes],
];
const groupings = ['workload', 'process', 'user'];
const measures = ['cpu', 'memory', 'io', 'gpu', 'energy'];
const [shownAtMost, rankedAtMost] = [20, 30];

export class WorkloadPanel extends Panel {
  constructor(context) {
    const { t } = context;
    super(context, 'workloads', { kind: 'full', sources: ['workloads'] });
    Object.assign(this, { by: 'workload', of: 'cpu', known: null });
    const choice = (words, name, prefix) => h('select', { 'aria-label': t(prefix), onchange: (event) => {
      this[name] = event.target.value;
      this.ask();
    } }, ...words.map((word) => h('option', { value: word, text: t(`${prefix}.${word}`) })));
    this.tools = h('div', { class: 'tools', hidden: true }, choice(groupings, 'by', 'by'), choice(measures, 'of', 'of'));
    this.head.append(this.tools);
    this.now = new Table(t('workloads'), columns.map(([member, kind]) => (several[member] ? [t(member), kind, several[member]] : column(idOf(member), kind))));
    this.window = new Table(t('workloads'), ranked.map(([, kind, title]) => [t(title), kind]));
    this.body.append(this.now.node, this.window.node);
  }

  // Also without workloads, a window has a ranking of processes and users.
  has(sample) { return sample.workloads || (this.range !== null && sample.processes); }

  // The window of the past that the charts show, without a time chosen in it.
  get range() {
    const { view } = this.context;
    return view.at === null && view.to !== null ? view.window : null;
  }

  show(sample) {
    this.sample = sample;
    setAttribute(this.node, 'data-gpu', sample.gpus?.some((gpu) => gpu.processes?.length > 0) && 'true');
    setAttribute(this.node, 'data-network', sample.workloads?.top?.some((one) => one.receive_bytes_total >= 0) && 'true');
    this.draw();
    this.ask();
  }

  async ask() {
    const { range } = this;
    if (!range || document.hidden) return this.draw();
    const query = `from=${range.from.toFixed(3)}&to=${range.to.toFixed(3)}&by=${this.by}&of=${this.of}&limit=${rankedAtMost}`;
    if (this.isAsking || this.known?.query === query) return this.draw();
    this.isAsking = true;
    try {
      this.known = { query, ...(await getJSON(`culprits?${query}`, { signal: AbortSignal.timeout(30000) })) };
    } catch (error) {
      this.known = { query, culprits: [], message: error.message };
    }
    this.isAsking = false;
    return this.ask();
  }

  draw() {
    const { t } = this.context;
    const isWindow = this.range !== null;
    setHidden(this.tools, !isWindow);
    setHidden(this.window.node, !isWindow);
    setHidden(this.now.node, isWindow);
    if (isWindow) return this.drawWindow();
    const { total, top = [], rest, unattributed_cpu: outside } = this.sample.workloads ?? {};
    const ended = sumOf(...top.map((one) => one.ended_cpu));
    setText(this.note, joined(t('workloadsOf', Math.min(shownAtMost, top.length), format.count(total)),
      ended > 0 && t('endedProcesses', textOf(idOf('cpu'), ended)), rest?.cpu > 0 && t('others', format.count(rest.count), textOf(idOf('cpu'), rest.cpu)),
      outside >= 0 && t('outside', textOf(idOf('cpu'), outside))));
    return this.now.show(top.slice(0, shownAtMost), (one) => one.id, (one, row) => columns.map(([member]) => {
      if (member === 'name') return this.name(one, row);
      if (member === 'io') return textOf(idOf('io'), io(one));
      if (member === 'pressure') return textOf(idOf('pressure'), highest(one));
      return ['kind', 'user'].includes(member) ? visible(one[member] ?? '') : textOf(idOf(member), one[member]);
    }));
  }

  drawWindow() {
    const { t } = this.context;
    const { from, to } = this.range;
    const { culprits = [], unattributed_share: missing, culprits_left_out: more, remark, message } = this.known ?? {};
    setText(this.note, joined(t('between', format.time(from, 'second'), format.time(to, 'second')),
      missing >= 0 && t('unattributed', format.percent(missing)), more > 0 && t('more', format.count(more)), remark && rankingRemark(remark, this.of), message && visible(message)));
    this.window.show(culprits, (one) => one.id, (one, row) => ranked.map(([member, , , text]) => {
      if (member === 'name') return this.name(one, row);
      if (member === 'io') return format.bytes(sumOf(one.read_bytes, one.written_bytes));
      return text ? text(one[member]) : visible(one[member] ?? (member === 'kind' ? one.workload : undefined) ?? '');
    }));
  }

  name(one, row) {
    row.parts ??= [h('bdi', {}), h('bdi', { class: 'secondary' })];
    row.name ??= h('span', {}, ...row.parts);
    setText(row.parts[0], visible(one.name ?? format.absent));
    // Number and arguments distinguish processes of one name.
    const more = joined(one.pid >= 0 && String(one.pid), visible(argumentsOf(one)), one.gpus && `GPU ${one.gpus}`);
    setText(row.parts[1], one.command || one.pid >= 0 ? ` ${more}` : '');
    setAttribute(row.name, 'title', [one.id, one.engine, one.image, one.pod_name ?? one.pod, one.command, one.workload].filter(Boolean).map(visible).join('\n'));
    return row.name;
  }
}
