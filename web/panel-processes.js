// Processes: the busiest by the chosen column, and those that use a GPU; the whole table on request or while a filter is set.
// The table is the agent's, its sums over GPUs too; where it does not come, the few of the sample are shown.

import { getJSON } from './api.js';
import { column, metric, textOf } from './catalog.js';
import { h, joined, setAttribute, setHidden, setText, visible } from './dom.js';
import * as format from './format.js';
import { Order, Panel, Table } from './panel.js';

const io = ({ read_bytes_per_sec: read, write_bytes_per_sec: written }) =>
  (Number.isFinite(read) || Number.isFinite(written) ? (read || 0) + (written || 0) : NaN);

// Members of a process, their classes, and the API's orders.
const columns = [
  ['pid', 'number', 'pid'], ['name', 'line'], ['user', 'optional'], ['service', 'optional'], ['cpu', 'number', 'cpu'],
  ['rss_bytes', 'number', 'memory'], ['gpu_memory_mb', 'number gpu-column', 'gpu'], ['gpu_util', 'number gpu-column', 'gpu'],
  ['io', 'number', 'io'], ['threads', 'number optional'], ['state', 'optional'],
];
const others = { gpu_memory_mb: 'gpus.processes.vram_used_mb', gpu_util: 'gpus.processes.util', io: 'processes.top.read_bytes_per_sec' };
const idOf = (member) => others[member] ?? `processes.top.${member}`;
const usesGPU = (one) => one.gpu_util >= 0 || one.gpu_memory_mb >= 0;
// Texts are ordered from the first, numbers from the greatest.
const isText = (member) => member === 'pid' || metric(idOf(member)).unit === 'none';
const valueOf = (one, member) => (member === 'io' ? io(one) : one[member] ?? (isText(member) ? '' : NaN));
const cellOf = (one, member) => (isText(member) ? visible(one[member]) : textOf(idOf(member), valueOf(one, member)));

// The words of a command line after the one that is the name, without folders, as in the terminal. The kernel keeps 15 bytes
// of a name; daemons write "sshd: user" over theirs.
const isNamed = (word, name) => word === name || word === `${name}:` || (name.length === 15 && word.startsWith(name));
export function argumentsOf({ name = '', command = '' }) {
  const isFirst = command.startsWith(`${name} `);
  const words = command.slice(isFirst ? name.length : 0, 400).split(' ').filter(Boolean)
    .map((word) => (word.startsWith('/') ? word.split('/').filter(Boolean).at(-1) ?? word : word));
  return words.slice(isFirst ? 0 : words.slice(0, 3).findIndex((word) => isNamed(word, name)) + 1).join(' ');
}

// A request for each sample, which come once a second with some jitter.
const [shownAtFirst, gpuUsersAtFirst, shownAtMost, pause] = [20, 8, 500, 500];

export class ProcessPanel extends Panel {
  constructor(context) {
    const { t } = context;
    super(context, 'processes', { kind: 'full', sources: ['processes'] });
    this.known = null;
    this.filter = h('input', { type: 'search', placeholder: t('filter'), 'aria-label': t('filter'), autocomplete: 'off', spellcheck: 'false', oninput: () => this.ask() });
    this.all = h('button', { type: 'button', 'aria-pressed': 'false', text: t('allProcesses'), onclick: () => {
      this.all.setAttribute('aria-pressed', String(!this.isAll));
      this.ask();
    } });
    this.head.append(h('div', { class: 'tools' }, this.filter, this.all));
    const heads = columns.map(([member, kind]) => (member === 'io' ? [t('io'), kind, 'processes.top.read_bytes_per_sec processes.top.write_bytes_per_sec'] : column(idOf(member), kind)));
    this.order = new Order(columns.map(([member]) => member), heads.map(([title]) => title), isText, () => this.ask());
    this.table = new Table(t('processes'), heads.map(([, ...rest], index) => [this.order.heads[index], ...rest]));
    this.empty = h('p', { class: 'note', hidden: true, text: t('noneMatches') });
    this.body.append(this.table.node, this.empty);
    this.order.choose('cpu');
  }

  get isAll() { return this.all.getAttribute('aria-pressed') === 'true'; }
  get wantsAll() { return this.isAll || this.filter.value.trim() !== ''; }

  has(sample) { return sample.processes; }

  show(sample) {
    // Another time: the table of the one before does not hold for it.
    if (this.isPast !== this.context.isPast()) this.known = null;
    this.isPast = this.context.isPast();
    this.sample = sample;
    setAttribute(this.node, 'data-gpu', sample.gpus?.some((gpu) => gpu.processes?.length > 0) && 'true');
    this.ask();
  }

  // Draws the known table and requests a new one.
  async ask() {
    if (!this.sample) return;
    const { isPast, sample, wantsAll, order: { member: order } } = this;
    const moment = isPast ? sample.timestamp : null;
    if (this.known?.moment !== moment) this.known = null;
    this.draw();
    const choice = `${order} ${wantsAll}`;
    const isKnown = this.known?.choice === choice || this.failed === choice;
    if (this.isAsking || document.hidden || (isKnown && (isPast || performance.now() - this.askedAt < pause))) return;
    this.isAsking = true;
    this.askedAt = performance.now();
    const get = (sort, limit) => getJSON(`processes?sort=${sort}&limit=${limit}${isPast ? `&at=${moment}` : ''}`, { signal: AbortSignal.timeout(10000) });
    const sort = columns.find(([member]) => member === order)[2] ?? 'cpu';
    const hasGPU = this.node.dataset.gpu && !wantsAll && sort !== 'gpu';
    let known = null;
    try {
      const [all, gpu] = await Promise.all([get(sort, wantsAll ? 5000 : shownAtFirst), hasGPU && get('gpu', gpuUsersAtFirst)]);
      const users = gpu ? gpu.processes.filter(usesGPU) : [];
      const pids = new Set(users.map((one) => one.pid));
      const rest = all.processes.filter((one) => !pids.has(one.pid));
      const list = [...users, ...(wantsAll ? rest : rest.slice(0, shownAtFirst - users.length))];
      known = { ...all, moment, choice, list };
    } catch { /* the few of the sample are shown */ }
    this.isAsking = false;
    this.failed = known ? null : choice;
    // Another time may be shown by now.
    if (moment === (this.isPast ? this.sample.timestamp : null)) {
      this.known = known;
      this.draw();
    }
    if (choice !== `${this.order.member} ${this.wantsAll}` || moment !== (this.isPast ? this.sample.timestamp : null)) this.ask();
  }

  draw() {
    const { t } = this.context;
    const { total, top = [] } = this.sample.processes;
    const { known } = this;
    const words = this.filter.value.trim().toLowerCase().split(/\s+/);
    const matching = this.named(known?.list ?? top).filter((one) => words.every((word) =>
      [one.pid, one.name, one.user, one.service, one.command].some((text) => String(text ?? '').toLowerCase().includes(word))));
    const value = (one) => valueOf(one, this.order.member);
    matching.sort((a, b) => this.order.compare(value(a), value(b)) || (b.rss_bytes ?? 0) - (a.rss_bytes ?? 0) || a.pid - b.pid);
    const rows = matching.slice(0, this.wantsAll ? shownAtMost : shownAtFirst);
    const { interval_sec: interval, age_sec: age } = known ?? {};
    setText(this.note, joined(
      t(this.isPast ? 'storedTop' : this.wantsAll ? 'shownOf' : 'busiestOf', rows.length,
        format.count((this.wantsAll && !this.isPast && known?.list.length) || total), format.time(Date.parse(this.sample.timestamp) / 1000, 'second')),
      interval > 1.95 && t('overTime', format.duration(Math.round(interval))), age > 1.95 && t('old', format.duration(age)), known?.partial && t('partial'), this.ended()));
    setHidden(this.empty, rows.length > 0);
    // A number may have gone to another process.
    this.table.show(rows, (one) => `${one.pid} ${one.start_seconds ?? ''}`, (one, row) => columns.map(([member]) =>
      (member === 'name' ? this.name(one, row) : cellOf(one, member) + (member === 'gpu_util' && one.gpus?.length ? ` (${one.gpus.join(', ')})` : ''))));
  }

  // Names containers as their engines do, "docker:web" or "pod/container"; a process has only a container's number.
  named(list) {
    const names = new Map((this.sample.workloads?.top ?? [])
      .filter((one) => one.kind === 'container' && !one.id.endsWith(`:${one.name}`))
      .map((one) => [one.id, one.pod_name ? `${one.pod_name.split('/').at(-1)}/${one.name}` : `${one.engine ?? 'container'}:${one.name}`]));
    return names.size > 0 ? list.map((one) => (names.has(one.workload) ? { ...one, service: names.get(one.workload) } : one)) : list;
  }

  // Processes that ended in the interval, where they used more than a twentieth of a CPU: no row shows them.
  ended() {
    const groups = (this.sample.processes.ended ?? []).filter((one) => one.cpu >= 0.01);
    if (groups.reduce((sum, one) => sum + one.cpu, 0) <= 0.05) return '';
    return this.context.t('endedByName', groups.slice(0, 4).map((one) => `${visible(one.name)} ×${format.count(one.count)} ${cellOf(one, 'cpu')}`).join(', '));
  }

  // The name and its arguments, with the command line, user and service as their title.
  name(one, row) {
    row.parts ??= [h('bdi', {}), h('bdi', { class: 'secondary' })];
    row.name ??= h('span', {}, ...row.parts);
    setText(row.parts[0], visible(one.name ?? format.absent));
    const rest = argumentsOf(one);
    setText(row.parts[1], rest && ` ${visible(rest)}`);
    setAttribute(row.name, 'title', [one.name, one.command, one.user, one.service].filter(Boolean).map(visible).join('\n'));
    return row.name;
  }
}
