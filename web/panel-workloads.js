// Workloads: containers, services, sessions, jobs and others of the shown time; or a ranking of the machine's use in a window of time,
// as after a drag over a peak.

import { Refused, getJSON } from './api.js';
import { column, textOf } from './catalog.js';
import { h, joined, setAttribute, setHidden, setText, visible } from './dom.js';
import * as format from './format.js';
import { argumentsOf } from './panel-processes.js';
import { Order, Panel, Table } from './panel.js';
import { failure, rankingRemark } from './text.js';

const sumOf = (...values) => (values.some(Number.isFinite) ? values.reduce((sum, value) => sum + (Number.isFinite(value) ? value : 0), 0) : NaN);
const highest = (one) => {
  const known = [one.pressure_cpu, one.pressure_memory, one.pressure_io].filter(Number.isFinite);
  return known.length > 0 ? Math.max(...known) : NaN;
};
// Members of a workload, their classes, and the API's orders.
const columns = [
  ['name', 'grow'], ['kind', 'optional'], ['user', 'optional'], ['cpu', 'number', 'cpu'], ['ended_cpu', 'number optional'],
  ['throttled', 'number'], ['memory_bytes', 'number', 'memory'], ['memory_limit_bytes', 'number optional'], ['pressure', 'number', 'pressure'],
  ['io', 'number', 'io'], ['receive_bytes_per_sec', 'number network-column'], ['transmit_bytes_per_sec', 'number network-column'],
  ['gpu', 'number gpu-column', 'gpu'], ['gpu_memory_bytes', 'number gpu-column'],
];
const several = {
  io: 'workloads.top.read_bytes_per_sec workloads.top.write_bytes_per_sec',
  pressure: 'workloads.top.pressure_cpu workloads.top.pressure_memory workloads.top.pressure_io',
};
const idOf = (member) => `workloads.top.${{ pressure: 'pressure_io', io: 'read_bytes_per_sec' }[member] ?? member}`;
const isText = (member) => ['name', 'kind', 'user'].includes(member);
const made = { io: (one) => sumOf(one.read_bytes_per_sec, one.write_bytes_per_sec), pressure: highest };
const valueOf = (one, member) => made[member]?.(one) ?? one[member] ?? (isText(member) ? '' : NaN);
// Members of a ranked entry, the titles, how the values are written, and the metrics that they are sums and means of.
const ranked = [
  ['name', 'grow', 'rank.name'], ['kind', 'optional', 'rank.kind'], ['user', 'optional', 'rank.user'], ['share', 'number', 'rank.share', format.percent],
  ['cpu_seconds', 'number', 'rank.cpu', format.spent, 'workloads.top.cpu processes.top.cpu'],
  ['gpu_seconds', 'number gpu-column', 'rank.gpu', format.spent, 'workloads.top.gpu gpus.processes.util'],
  ['energy_joules', 'number gpu-column', 'rank.energy', format.energy, 'workloads.top.gpu_power_watts'],
  ['io', 'number', 'rank.io', format.bytes, 'workloads.top.read_bytes_total workloads.top.written_bytes_total'],
  ['memory_mean_bytes', 'number', 'rank.mean', format.bytes, 'workloads.top.memory_bytes processes.top.rss_bytes'],
  ['memory_peak_bytes', 'number optional', 'rank.peak', format.bytes, 'workloads.top.memory_peak_bytes'],
];
// The name of a job or session is a number, ambiguous without the kind.
export const nameOf = ({ name, id }) => (/^\d+$/.test(name) && /^[a-z]+:/.test(id) ? id : name) ?? format.absent;
const kinds = ['container', 'pod', 'service', 'session', 'user', 'job', 'vm', 'other'];
const groupings = ['workload', 'process', 'user'];
const measures = ['cpu', 'memory', 'io', 'gpu', 'energy'];
// Rows as they are, and while the table is filtered; entries of a ranking that are requested for either.
const [shownAtMost, foundAtMost, rankedAtMost, searchedAtMost] = [20, 200, 30, 1000];
// Milliseconds between two requests of a ranking that follows the present, which reads all samples of its window; and of the workloads
// beyond the sample's.
const freshRanking = (seconds) => Math.max(5000, seconds * 3);
const freshList = 1500;

export class WorkloadPanel extends Panel {
  constructor(context) {
    const { t, view } = context;
    super(context, 'workloads', { kind: 'full', sources: ['workloads'] });
    Object.assign(this, { by: 'workload', of: 'cpu', kind: '', known: null, list: null });
    const choice = (words, name, title, text) => h('select', { 'aria-label': t(title), onchange: (event) => {
      this[name] = event.target.value;
      this.ask();
    } }, ...words.map((word) => h('option', { value: word, text: t(text(word)) })));
    this.filter = h('input', { type: 'search', placeholder: t('filter'), 'aria-label': t('filterWorkloads'), autocomplete: 'off', spellcheck: 'false', oninput: () => this.ask() });
    this.kinds = choice(['', ...kinds], 'kind', 'rank.kind', (word) => (word ? `workload.${word}` : 'kind.all'));
    this.ofWindow = h('span', { class: 'tools', hidden: true }, choice(groupings, 'by', 'by', (word) => `by.${word}`), choice(measures, 'of', 'of', (word) => `of.${word}`));
    this.rank = h('button', { type: 'button', 'aria-pressed': 'false', title: t('rankNote'), text: t('rank'), onclick: () => view.rank() });
    this.head.append(h('div', { class: 'tools' }, this.filter, this.kinds, this.ofWindow, this.rank));
    const heads = columns.map(([member, kind]) => (several[member] ? [t(member), kind, several[member]] : column(idOf(member), kind)));
    this.order = new Order(columns.map(([member]) => member), heads.map(([title]) => title), isText, () => this.ask());
    this.now = new Table(t('workloads'), heads.map(([, ...rest], index) => [this.order.heads[index], ...rest]));
    this.kindTitle = h('span', {});
    this.window = new Table(t('ranking'), ranked.map(([member, kind, title, , ids]) => [member === 'kind' ? this.kindTitle : t(title), kind, ids]));
    this.empty = h('p', { class: 'note', hidden: true, text: t('noWorkload') });
    this.body.append(this.now.node, this.window.node, this.empty);
    this.order.choose('cpu');
  }

  // Also without workloads, a window has a ranking of processes and users.
  has(sample) { return sample.workloads || (this.range !== null && sample.processes); }

  get range() { return this.context.view.ranked; }

  get words() { return this.filter.value.trim().toLowerCase().split(/\s+/).filter(Boolean); }

  show(sample) {
    this.sample = sample;
    setAttribute(this.node, 'data-gpu', sample.gpus?.some((gpu) => gpu.processes?.length > 0) && 'true');
    setAttribute(this.node, 'data-network', sample.workloads?.top?.some((one) => one.receive_bytes_total >= 0) && 'true');
    this.ask();
  }

  // Draws the known rows and requests those that are missing.
  ask() {
    if (!this.sample) return;
    this.draw();
    if (document.hidden) return;
    if (this.range !== null) this.askRanking();
    else this.askList();
  }

  // The request of the ranking. A window that follows the present is identified by its length.
  get question() {
    const { range, by, of } = this;
    const { view } = this.context;
    const query = `by=${by}&of=${of}&limit=${this.words.length > 0 || this.isOfKind ? searchedAtMost : rankedAtMost}`;
    return { range, of, query: `from=${range.from.toFixed(3)}&to=${range.to.toFixed(3)}&${query}`, key: view.to === null ? `${view.length} ${query}` : `${range.from} ${range.to} ${query}` };
  }

  get isOfKind() { return this.kind !== '' && this.by === 'workload'; }

  async askRanking() {
    const { range, of, query, key } = this.question;
    const isFresh = this.known?.key === key && (this.context.view.to !== null || performance.now() - this.rankedAt < freshRanking(range.to - range.from));
    if (this.isRanking || isFresh) return;
    this.isRanking = true;
    try {
      this.known = { key, range, of, ...(await getJSON(`culprits?${query}`, { signal: AbortSignal.timeout(30000) })) };
    } catch (error) {
      this.known = { key, range, of, culprits: [], message: error instanceof Refused && error.status === 404 ? this.context.t('noMoment') : visible(failure(error)) };
    }
    this.isRanking = false;
    this.rankedAt = performance.now();
    // Another window may be shown by now.
    this.ask();
  }

  // The request for workloads beyond the sample's, or null. The sample lists the heaviest by each measure; for all of a kind or name, and
  // for other orders, the agent is asked.
  get listQuery() {
    const { words, kind, order } = this;
    const sort = columns.find(([member]) => member === order.member)[2];
    const isAll = words.length > 0 || !sort || order.isReverse;
    if (this.context.isPast() || (!isAll && kind === '' && sort === 'cpu')) return null;
    return [kind && `kind=${kind}`, sort && `sort=${sort}`, !isAll && `limit=${kind ? foundAtMost : shownAtMost}`].filter(Boolean).join('&');
  }

  async askList() {
    const query = this.listQuery;
    if (query === null || this.isListing || (this.list?.query === query && performance.now() - this.listedAt < freshList)) return;
    this.isListing = true;
    this.listedAt = performance.now();
    try {
      this.list = { query, workloads: (await getJSON(`workloads?${query}`, { signal: AbortSignal.timeout(10000) })).workloads };
    } catch {
      // Those of the sample are shown.
      this.list = { query };
    }
    this.isListing = false;
    // Another order or filter may be chosen by now.
    if (this.range === null && this.listQuery !== query) this.askList();
    this.draw();
  }

  draw() {
    const isWindow = this.range !== null;
    setAttribute(this.rank, 'aria-pressed', String(isWindow));
    setHidden(this.ofWindow, !isWindow);
    setHidden(this.kinds, isWindow && this.by !== 'workload');
    const rows = isWindow ? this.drawWindow() : this.drawNow();
    setHidden(this.window.node, !isWindow);
    setHidden(this.now.node, isWindow);
    setHidden(this.empty, rows > 0 || !this.sample.workloads || (this.words.length === 0 && this.kind === ''));
  }

  // Those that the filter and the kind leave.
  matching(list, isOfKind) {
    const { words, kind } = this;
    return list.filter((one) => (!isOfKind || one.kind === kind) && words.every((word) =>
      [one.id, one.name, one.user, one.kind, one.engine, one.image, one.pod_name, one.workload, one.command].some((text) => String(text ?? '').toLowerCase().includes(word))));
  }

  drawNow() {
    const { t } = this.context;
    const { total, top = [], rest, unattributed_cpu: outside } = this.sample.workloads ?? {};
    const isFiltered = this.words.length > 0 || this.kind !== '';
    const found = this.matching((this.list?.query === this.listQuery && this.list?.workloads) || top, this.kind !== '');
    const value = (one) => valueOf(one, this.order.member);
    found.sort((a, b) => this.order.compare(value(a), value(b)) || (b.cpu ?? 0) - (a.cpu ?? 0) || (b.memory_bytes ?? 0) - (a.memory_bytes ?? 0));
    const rows = found.slice(0, isFiltered ? foundAtMost : shownAtMost);
    const ended = sumOf(...top.map((one) => one.ended_cpu));
    setText(this.note, joined(t(isFiltered ? 'workloadsFound' : 'workloadsOf', rows.length, format.count(total)),
      ended > 0 && t('endedProcesses', textOf(idOf('cpu'), ended)), rest?.cpu > 0 && t('others', format.count(rest.count), textOf(idOf('cpu'), rest.cpu)),
      outside >= 0 && t('outside', textOf(idOf('cpu'), outside))));
    this.now.show(rows, (one) => one.id, (one, row) => columns.map(([member]) => {
      if (member === 'name') return this.name(one, row);
      if (member === 'kind') return this.kindOf(one);
      return isText(member) ? visible(one[member] ?? '') : textOf(idOf(member), valueOf(one, member));
    }));
    return rows.length;
  }

  drawWindow() {
    const { t } = this.context;
    const { range, of, culprits = [], covered_seconds: covered, unattributed_share: missing, culprits_left_out: more, remark, message } = this.known ?? {};
    // The rows of another window stay until the answer comes, with its times.
    setAttribute(this.window.node, 'aria-busy', this.known?.key !== this.question.key && 'true');
    const rows = this.matching(culprits, this.isOfKind);
    const left = Math.max(0, rows.length - foundAtMost) + (more ?? 0);
    // Of a time before the first sample, or in which the agent did not run, there are counters at most.
    const isPartial = range && range.to - range.from - covered > Math.max(2.5 * this.context.store.interval, 0.02 * (range.to - range.from));
    setText(this.note, range ? joined(t('between', format.time(range.from, 'second'), format.time(range.to, 'second')), isPartial && t('covered', format.duration(covered)),
      missing >= 0 && t('unattributed', format.percent(missing)), left > 0 && t('more', format.count(left)), remark && rankingRemark(remark, of), message) : '');
    const isOfProcesses = this.known?.by === 'process';
    setAttribute(this.window.node, 'data-by', this.known?.by);
    setText(this.kindTitle, t(isOfProcesses ? 'rank.workload' : 'rank.kind'));
    this.window.show(rows.slice(0, foundAtMost), (one) => one.id, (one, row) => ranked.map(([member, , , text]) => {
      if (member === 'name') return this.name(one, row);
      if (member === 'io') return format.bytes(sumOf(one.read_bytes, one.written_bytes));
      if (member === 'kind') return isOfProcesses ? visible(one.workload ?? '') : this.kindOf(one);
      return text ? text(one[member]) : visible(one[member] ?? '');
    }));
    return rows.length;
  }

  kindOf({ kind }) { return kind ? this.context.t(`workload.${kind}`) ?? visible(kind) : ''; }

  name(one, row) {
    row.parts ??= [h('bdi', {}), h('bdi', { class: 'secondary' })];
    row.name ??= h('span', {}, ...row.parts);
    setText(row.parts[0], visible(nameOf(one)));
    // Number and arguments distinguish processes of one name.
    const isProcess = one.command || one.pid >= 0;
    const more = joined(one.pid >= 0 && String(one.pid), isProcess && visible(argumentsOf(one)), isProcess && one.gpus && `GPU ${one.gpus}`, one.kind === 'ended' && this.kindOf(one));
    setText(row.parts[1], more && ` ${more}`);
    setAttribute(row.name, 'title', [one.id, one.engine, one.image, one.pod_name ?? one.pod, one.command, one.workload].filter(Boolean).map(visible).join('\n'));
    return row.name;
  }
}
