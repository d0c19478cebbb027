// The events of the shown window, newest first; the time of one shows that time in every panel.

import { h, joined, setAttribute, setHidden, setText, visible } from './dom.js';
import * as format from './format.js';
import { Panel, Table } from './panel.js';

const shownAtMost = 50;
const levels = { info: '', warning: 'warn', critical: 'bad' };

export class EventPanel extends Panel {
  constructor(context) {
    const { t } = context;
    super(context, 'events', { kind: 'full own' });
    this.table = new Table(t('events'), [[t('eventTime'), ''], [t('eventKind'), 'optional'], [t('eventText'), 'grow']]);
    this.empty = h('p', { class: 'note', hidden: true, text: t('noEvents') });
    this.body.append(this.table.node, this.empty);
  }

  has(sample) { return sample.events || this.context.events.all.length > 0; }

  show() { this.draw(); }

  showAbsent() { this.draw(); }

  draw() {
    const { t, view, events } = this.context;
    const { from, to } = view.window;
    const known = events.all.filter(({ at }) => at >= from && at <= to);
    setText(this.note, joined(known.length > shownAtMost ? t('newestOf', shownAtMost, `${format.count(known.length)}${events.isCut(from) ? '+' : ''}`) : format.count(known.length),
      t('between', ...format.times(from, to))));
    setHidden(this.table.node, known.length === 0);
    setHidden(this.empty, known.length > 0);
    this.table.show(known.slice(0, shownAtMost), (one) => `${one.time} ${one.kind} ${one.subject}`,
      (one, row) => {
        row.time ??= h('button', { type: 'button', class: 'link', onclick: () => view.travel(one.at) });
        setText(row.time, format.time(one.at, 'second'));
        row.kind ??= h('span', {});
        setText(row.kind, t(`event.${one.kind}`) ?? visible(one.kind));
        setAttribute(row.kind, 'class', levels[one.severity] || null);
        return [row.time, row.kind, visible(one.text)];
      });
  }
}
