// A card of the page with title, note and body, and the parts of cards.

import { explained, idsOf, textOf, titleOf, valueIn } from './catalog.js';
import { Meter, h, joined, keyed, setAttribute, setHidden, setText, visible } from './dom.js';
import { explainButton, showExplainButton } from './explain.js';
import * as format from './format.js';
import { tableButton } from './save.js';
import { sourceError, t } from './text.js';

// The times at which data was read, by source, and the intervals between them.
const readings = new Map();

// Whether data is older than three intervals of its own source, which the ages of earlier samples show, and than a minute and a half:
// a tool that is run every half a minute is not late after 31 s. A source that fails says so itself, and sooner.
export function isLate(key, sampledAt, age) {
  const readAt = sampledAt - age;
  if (!Number.isFinite(readAt)) return false;
  const known = readings.get(key) ?? { readAt, gaps: [] };
  readings.set(key, known);
  if (readAt > known.readAt + 0.5) {
    known.gaps = [...known.gaps, readAt - known.readAt].slice(-5);
    known.readAt = readAt;
  }
  const [interval = 0] = [...known.gaps].sort((a, b) => a - b).slice(known.gaps.length >> 1);
  return age > 3 * Math.max(30, interval) + 5;
}

export class Panel {
  // context: { store, view, t }; id: the panel's, and its title's in the texts; sources: whose failure makes it stale;
  // hasAges: each row shows its own age.
  constructor(context, id, { kind = '', sources = [], total = false, hasAges = false } = {}) {
    Object.assign(this, { context, sources, hasAges });
    this.heading = h('h2', { id: `${id}-title`, text: context.t(id) });
    this.note = h('p', { class: 'note' });
    this.total = total && h('strong', { class: 'big' });
    this.stale = h('p', { class: 'stale-note', hidden: true });
    this.body = h('div', { class: 'body' });
    this.explain = explainButton(context.t(id), this.body);
    this.head = h('div', { class: 'head' }, this.heading, this.note, this.total, this.explain);
    this.node = h('section', { class: `card ${kind}`, id: `panel-${id}`, 'aria-labelledby': `${id}-title`, hidden: true }, this.head, this.stale, this.body);
  }

  // Shows a sample; a card without data is hidden.
  update(sample) {
    const isThere = this.has(sample);
    setHidden(this.node, !isThere);
    if (!isThere) return;
    this.show(sample);
    showExplainButton(this.explain, this.body);
    const { t } = this.context;
    // The last values of a source that fails stay, with their age.
    const time = Date.parse(sample.timestamp) / 1000;
    const late = (sample.agent?.sources ?? []).filter((one) => this.sources.includes(one.source))
      .find((one) => one.success === false || (!this.hasAges && isLate(one.source, time, one.age_seconds)));
    setHidden(this.stale, !late);
    setAttribute(this.node, 'data-stale', late ? 'true' : null);
    if (!late) return;
    const reason = late.success === false && (late.error ? sourceError(visible(late.error), format.duration) : t('sourceFailed'));
    setText(this.stale, joined(reason, late.age_seconds > 0.5 && t('dataOld', format.duration(late.age_seconds))));
  }
}

// Titles of metrics with their values. groups: members of the catalog's groups; of one with a colon and a level behind it only
// values above 0 are shown.
export class Figures {
  constructor(groups = {}) {
    this.node = h('dl', { class: 'figures' });
    this.rows = idsOf(groups).map((row) => row.split(':'));
  }

  // sample: a whole one, or { gpus: one }; before and behind: labels, texts and levels.
  show(sample, before = [], behind = []) {
    const pairs = this.rows.map(([id, level]) => {
      const value = valueIn(sample, id);
      return [titleOf(id), level === undefined || value > 0 ? textOf(id, value) : format.absent, level, id];
    });
    keyed(this.node, [...before, ...pairs, ...behind].filter(([, text]) => text !== format.absent), ([label]) => label,
      ([label, , , id]) => {
        const value = h('dd', {});
        const node = h('div', {}, h('dt', { text: label, ...explained(id) }), value);
        return { node, value };
      },
      ({ value }, [, text, level]) => {
        setText(value, text);
        setAttribute(value, 'class', level);
      });
  }
}

// A list of names with a value and a bar below it.
export class Bars {
  // label(item): the node at the left; title(item): the same as a text.
  constructor(keyOf, label, title = keyOf) {
    Object.assign(this, { keyOf, label, title });
    this.node = h('ul', { class: 'bars' });
  }

  // show(item): { ratio, text, level, note, isStale }.
  show(items, show) {
    keyed(this.node, items, this.keyOf,
      (item) => {
        const [meter, text, note] = [new Meter(this.title(item)), h('span', {}), h('small', {})];
        const node = h('li', { class: 'bar' }, this.label(item), text, meter.node, note);
        return { node, meter, text, note };
      },
      ({ node, meter, text, note }, item) => {
        const { ratio, text: figure, level = '', note: more = '', isStale } = show(item);
        setText(text, figure);
        setAttribute(text, 'class', `figure ${level}`);
        setHidden(meter.node, !Number.isFinite(ratio));
        meter.show(ratio, figure, level);
        setText(note, more);
        setHidden(note, more === '');
        setAttribute(node, 'data-stale', isStale && 'true');
      });
  }
}

// A table whose rows stay with their items. columns: [label, class, id of the metric], the label a text or a node.
export class Table {
  constructor(caption, columns) {
    this.columns = columns;
    this.rows = h('tbody', {});
    const table = h('table', { 'aria-label': caption },
      h('thead', {}, h('tr', {}, ...columns.map(([label, kind, id]) => h('th', { scope: 'col', class: kind, ...explained(id) }, label)))), this.rows);
    this.node = h('div', { class: 'table' }, table, h('p', { class: 'note absent-note', text: t('noMoment') }), h('p', { class: 'tools' }, tableButton(table, caption)));
  }

  // cells(item, row): a text or a node for each column; row holds nodes that live as long as the row. mark(item): its class.
  show(items, keyOf, cells, mark) {
    keyed(this.rows, items, keyOf,
      () => {
        const parts = this.columns.map(([, kind], index) => h(index === 0 ? 'th' : 'td', { class: kind, scope: index === 0 && 'row' }));
        const node = h('tr', {}, ...parts);
        return { node, parts, row: {} };
      },
      ({ node, parts, row }, item) => {
        setAttribute(node, 'class', mark?.(item) || null);
        cells(item, row).forEach((cell, index) => {
          if (!(cell instanceof Node)) setText(parts[index], cell);
          else if (parts[index].firstChild !== cell) parts[index].replaceChildren(cell);
        });
      });
  }
}

// The heads of columns as buttons that order the rows. members: those of the columns; isText(member): whether the order begins with the
// first, as of names, or with the greatest.
export class Order {
  constructor(members, titles, isText, onchange) {
    Object.assign(this, { members, isText, onchange, isReverse: false });
    this.heads = members.map((member, index) => h('button', {
      type: 'button', class: 'sort', text: titles[index], onclick: () => this.choose(member, this.member === member && !this.isReverse),
    }));
  }

  choose(member, isReverse = false) {
    Object.assign(this, { member, isReverse });
    this.members.forEach((other, index) => setAttribute(this.heads[index].parentElement, 'aria-sort',
      other === member && (this.isText(member) !== isReverse ? 'ascending' : 'descending')));
    this.onchange();
  }

  // Compares two values of the chosen column; unknown ones come last where the greatest comes first.
  compare(left, right) {
    const sign = (this.isReverse ? -1 : 1) * (this.isText(this.member) ? 1 : -1);
    const [x, y] = [left, right].map((value) => (typeof value === 'string' ? value.toLowerCase() : value >= 0 ? value : -1));
    return x < y ? -sign : x > y ? sign : 0;
  }
}

export const chip = (text, level = '') => h('span', { class: `chip ${level}`, text });
