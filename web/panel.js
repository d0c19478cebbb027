// A card of the page: its title, a note, and what is in it; and the pieces that cards are made of.

import { Meter, h, joined, keyed, setAttribute, setHidden, setText } from './dom.js';
import * as format from './format.js';

export class Panel {
  // context: { store, view, t }; id: the panel's, and its title's in the texts; sources: whose failure makes it stale.
  constructor(context, id, { kind = '', sources = [], total = false } = {}) {
    Object.assign(this, { context, sources });
    this.heading = h('h2', { id: `${id}-title`, text: context.t(id) });
    this.note = h('p', { class: 'note' });
    this.total = total && h('strong', { class: 'big' });
    this.stale = h('p', { class: 'stale-note', hidden: true });
    this.head = h('div', { class: 'head' }, this.heading, this.note, this.total);
    this.body = h('div', { class: 'body' });
    this.node = h('section', { class: `card ${kind}`, id: `panel-${id}`, 'aria-labelledby': `${id}-title`, hidden: true }, this.head, this.stale, this.body);
  }

  // Shows a sample; what the machine does not have does not appear.
  update(sample) {
    const isThere = this.has(sample);
    setHidden(this.node, !isThere);
    if (!isThere) return;
    this.show(sample);
    const { t, store } = this.context;
    // A source that fails leaves its last figures, and their age.
    const late = sample.agent?.sources?.find((one) => this.sources.includes(one.source)
      && (one.success === false || one.age_seconds > store.interval * 2 + 5));
    setHidden(this.stale, !late);
    setAttribute(this.node, 'data-stale', late ? 'true' : null);
    if (late) setText(this.stale, joined(late.age_seconds > 0.5 && t('old', format.duration(late.age_seconds)), late.error ?? t('sourceFailed')));
  }
}

// Labels with their figures. rows: 'label member format level'; with a level, or '+', only what is more than nothing shows.
export class Figures {
  constructor(t, ...rows) {
    this.node = h('dl', { class: 'figures' });
    this.rows = rows.map((row) => row.split(' ')).map(([label, ...rest]) => [t(label), ...rest]);
  }

  // object: what has the members; more: pairs of label and text.
  show(object, more = []) {
    const pairs = this.rows.map(([label, member, kind, level]) => {
      const value = object?.[member];
      return [label, !level || value > 0 ? format[kind](value) : format.absent, level];
    });
    keyed(this.node, [...more, ...pairs].filter(([, text]) => text !== format.absent), ([label]) => label,
      ([label]) => {
        const value = h('dd', {});
        const node = h('div', {}, h('dt', { text: label }), value);
        return { node, value };
      },
      ({ value }, [, text, level]) => {
        setText(value, text);
        setAttribute(value, 'class', level);
      });
  }
}

// A list of names with a figure and a bar below it.
export class Bars {
  // label(item): what stands at the left, a node; title(item): the same as a text.
  constructor(keyOf, label, title = keyOf) {
    Object.assign(this, { keyOf, label, title });
    this.node = h('ul', { class: 'bars' });
  }

  // told(item): { ratio, text, level, note, isStale }.
  show(items, told) {
    keyed(this.node, items, this.keyOf,
      (item) => {
        const [meter, text, note] = [new Meter(this.title(item)), h('span', {}), h('small', {})];
        const node = h('li', { class: 'bar' }, this.label(item), text, meter.node, note);
        return { node, meter, text, note };
      },
      ({ node, meter, text, note }, item) => {
        const { ratio, text: figure, level = '', note: more = '', isStale } = told(item);
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

// A table whose rows stay with what they tell of. columns: [label, class], the label a text or a node.
export class Table {
  constructor(caption, columns) {
    this.columns = columns;
    this.rows = h('tbody', {});
    this.node = h('div', { class: 'table' }, h('table', { 'aria-label': caption },
      h('thead', {}, h('tr', {}, ...columns.map(([label, kind]) => h('th', { scope: 'col', class: kind }, label)))), this.rows));
  }

  // cells(item): a text or a node for each column. mark(item): the class of the row.
  show(items, keyOf, cells, mark) {
    keyed(this.rows, items, keyOf,
      () => {
        const parts = this.columns.map(([, kind], index) => h(index === 0 ? 'th' : 'td', { class: kind, scope: index === 0 && 'row' }));
        const node = h('tr', {}, ...parts);
        return { node, parts };
      },
      ({ node, parts }, item) => {
        setAttribute(node, 'class', mark?.(item) || null);
        cells(item).forEach((cell, index) => {
          if (!(cell instanceof Node)) setText(parts[index], cell);
          else if (parts[index].firstChild !== cell) parts[index].replaceChildren(cell);
        });
      });
  }
}

export const chip = (text, level = '') => h('span', { class: `chip ${level}`, text });
