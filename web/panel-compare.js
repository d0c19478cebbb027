// Changes between two times: those of a window of the past, a time of the past and now, or the begin of the shown range and now.
// Requested by a button, since it reads the history.

import { Refused, getJSON } from './api.js';
import { h, joined, setHidden, setText, visible } from './dom.js';
import * as format from './format.js';
import { nameOf } from './panel-workloads.js';
import { Panel, Table } from './panel.js';
import { failure } from './text.js';

const kinds = ['', 'machine', 'process', 'workload', 'gpu', 'disk', 'filesystem'];
const columns = [['name', 'grow'], ['kind', 'optional'], ['measure', ''], ['before', 'number'], ['after', 'number'], ['difference', 'number']];
const shownAtMost = 30;
const seconds = (value) => (value < 1 ? format.milliseconds(value * 1000) : format.duration(value));
const units = {
  cores: (value) => value.toFixed(2), count: format.count, bytes: format.bytes, bytes_per_second: format.rate, ratio: format.percent,
  watts: format.watts, celsius: format.celsius, seconds,
};
const textOf = (unit, value) => (Number.isFinite(value) ? (units[unit] ?? format.count)(value) : format.absent);

export class ComparePanel extends Panel {
  constructor(context) {
    const { t } = context;
    super(context, 'compare', { kind: 'full own' });
    Object.assign(this, { of: '', known: null });
    this.button = h('button', { type: 'button', id: 'compare-button', text: t('compareNow'), onclick: () => this.ask() });
    const choice = h('select', { 'aria-label': t('of.kind'), onchange: (event) => {
      this.of = event.target.value;
      if (this.known) this.ask(this.known.times);
    } }, ...kinds.map((kind) => h('option', { value: kind, text: t(`kind.${kind || 'all'}`) })));
    this.head.append(h('div', { class: 'tools' }, choice, this.button));
    this.table = new Table(t('compare'), columns.map(([name, kind]) => [t(`change.${name}`), kind]));
    this.body.append(this.table.node);
  }

  has() { return true; }

  // The times that the button compares.
  get times() {
    const { view } = this.context;
    const { to } = view.window;
    // A window that begins before the first sample is compared from that on.
    const from = view.first > view.window.from && view.first < to ? view.first : view.window.from;
    return view.at === null ? { a: from, b: to } : { a: view.at, b: view.clock() };
  }

  show() {
    setHidden(this.table.node, !this.known?.changes?.length);
    if (this.known) return;
    const { a, b } = this.times;
    setText(this.note, this.context.t('compareOf', format.time(a, 'second'), format.time(b, 'second')));
  }

  showAbsent() { this.show(); }

  async ask(times = this.times) {
    const { t } = this.context;
    this.button.disabled = true;
    // Means over a part of the time between both, or one time would be in those of the other.
    const { interval } = this.context.store;
    const window = Math.max(1, Math.round(Math.min(60, Math.max(2 * interval, Math.abs(times.b - times.a) / 6))));
    const query = `a=${times.a.toFixed(3)}&b=${times.b.toFixed(3)}&window=${window}&limit=${shownAtMost}${this.of && `&of=${this.of}`}`;
    let message = '';
    try {
      this.known = { times, ...(await getJSON(`compare?${query}`, { signal: AbortSignal.timeout(30000) })) };
    } catch (error) {
      this.known = { times, changes: [] };
      message = error instanceof Refused && error.status === 404 ? t('noMoment') : visible(failure(error));
    }
    this.button.disabled = false;
    const { changes } = this.known;
    setHidden(this.table.node, changes.length === 0);
    setText(this.note, joined(t('between', format.time(times.a, 'second'), format.time(times.b, 'second')),
      this.known.window_seconds > 0 && t('meansOver', format.duration(this.known.window_seconds)), message || (changes.length === 0 && t('noChange'))));
    this.table.show(changes, (one) => `${one.kind} ${one.id} ${one.measure}`, (one, row) => columns.map(([name]) => this.cell(one, name, row)));
  }

  cell(one, name, row) {
    const { t } = this.context;
    if (name === 'name') {
      row.name ??= h('bdi', {});
      setText(row.name, visible(joined(`${one.count > 1 ? `${one.count}× ` : ''}${nameOf(one)}`, one.workload, one.state !== 'changed' && t(`state.${one.state}`))));
      row.name.title = [one.user, one.workload, one.pid >= 0 && `pid ${one.pid}`].filter(Boolean).map(visible).join('\n');
      return row.name;
    }
    if (name === 'kind') return t(`kind.${one.kind}`);
    if (name === 'measure') return t(`measure.${one.measure}`);
    const text = textOf(one.unit, name === 'difference' ? Math.abs(one.difference) : one[name]);
    return name === 'difference' ? `${one.difference < 0 ? '−' : '+'}${text}` : text;
  }
}
