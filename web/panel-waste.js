// GPUs held without use and time throttled at CPU limits, by workload or user, in the shown window of time.

import { getJSON } from './api.js';
import { h, joined, setAttribute, setHidden, setText, visible } from './dom.js';
import * as format from './format.js';
import { Panel, Table } from './panel.js';
import { failure } from './text.js';

const hours = (seconds) => {
  if (!Number.isFinite(seconds)) return format.absent;
  // 0.00 would read as no use.
  return `${seconds > 0 && seconds < 18 ? '<0.01' : (seconds / 3600).toFixed(seconds < 36000 ? 2 : 0)}\u202fh`;
};
const columns = [
  ['name', 'grow'], ['user', 'optional'], ['gpu_idle_seconds', 'number gpu-column', hours], ['gpu_held_seconds', 'number gpu-column', hours],
  ['gpu_idle_share', 'number gpu-column', format.percent], ['gpu_idle_memory_bytes', 'number gpu-column', format.bytes],
  ['gpu_idle_joules', 'number gpu-column', format.energy], ['throttled_seconds', 'number', format.spent], ['throttled_share', 'number', format.percent],
];
const groupings = ['workload', 'user'];
// Seconds after which the waste of a window that follows the present is requested again.
const [fresh, shownAtMost] = [60, 20];

export class WastePanel extends Panel {
  constructor(context) {
    const { t } = context;
    super(context, 'waste', { kind: 'full' });
    Object.assign(this, { by: 'workload', known: null });
    const choice = h('select', { 'aria-label': t('by'), onchange: (event) => {
      this.by = event.target.value;
      this.ask();
    } }, ...groupings.map((word) => h('option', { value: word, text: t(`by.${word}`) })));
    this.tools = h('div', { class: 'tools' }, choice);
    this.head.append(this.tools);
    this.table = new Table(t('waste'), columns.map(([name, kind]) => [t(`waste.${name}`), kind]));
    this.body.append(this.table.node);
  }

  // Known only from the answer, which draws the card again: a machine without waste has no card.
  has(sample) {
    this.sample = sample;
    this.ask();
    return this.known?.entries?.length > 0 || Boolean(this.known?.message);
  }

  show(sample) {
    const { t } = this.context;
    const { entries = [], gpu_seconds: all, gpu_idle_seconds: idle, from, to, message, rule, entries_left_out: more } = this.known;
    setAttribute(this.node, 'data-gpu', sample.gpus?.length > 0 && 'true');
    setText(this.note, joined(t('between', ...format.times(Date.parse(from) / 1000, Date.parse(to) / 1000)),
      all > 0 && t('idleOf', hours(idle ?? 0), hours(all)), more > 0 && t('more', format.count(more)), message && visible(message)));
    this.note.title = rule ?? '';
    setHidden(this.table.node, entries.length === 0);
    this.table.show(entries, (one) => one.id, (one, row) => columns.map(([name, , text]) => {
      if (text) return text(one[name]);
      if (name === 'user') return visible(one.user ?? '');
      row.name ??= h('bdi', {});
      setText(row.name, visible(one.name));
      row.name.title = visible(joined(one.id, one.gpus && `GPU ${one.gpus}`));
      return row.name;
    }));
  }

  async ask() {
    const { view } = this.context;
    if (this.isAsking || document.hidden) return;
    const { from, to } = view.window;
    const key = `${this.by} ${view.length} ${view.to ?? Math.floor(to / fresh)}`;
    if (!Number.isFinite(from) || this.known?.key === key) return;
    this.isAsking = true;
    try {
      const query = `from=${from.toFixed(3)}&to=${to.toFixed(3)}&by=${this.by}&limit=${shownAtMost}`;
      this.known = { key, ...(await getJSON(`waste?${query}`, { signal: AbortSignal.timeout(30000) })) };
    } catch (error) {
      // Without samples there is no waste.
      this.known = { key, ...(error.status !== 404 && this.known?.entries && { ...this.known, key, message: failure(error) }) };
    }
    this.isAsking = false;
    // In the past no sample comes that would draw it. The window may have changed meanwhile.
    if (this.sample) this.update(this.sample);
  }
}
