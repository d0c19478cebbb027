// Explanations of metrics, from the catalog: of one by a click on its title, and of all that a card shows by its button.

import { metric, titleOf } from './catalog.js';
import { byId, h, setHidden } from './dom.js';
import { t } from './text.js';

function open(title, ids) {
  byId('explanation-title').textContent = title;
  byId('explanations').replaceChildren(...ids.map(metric).map(({ id, help, unit, source, type }) => {
    const facts = [id, type, unit !== 'none' && unit, source].filter(Boolean).join(' · ');
    return h('div', {}, h('dt', { text: titleOf(id) }), h('dd', { text: help }), h('dd', { class: 'note', text: facts }));
  }));
  byId('explanation').showModal();
  byId('explanation').scrollTop = 0;
}

const idsIn = (node) => [...new Set([...node.querySelectorAll('[data-metric]')]
  .filter((one) => one.checkVisibility()).flatMap((one) => one.dataset.metric.split(' ')))];

// The button of a card, for the metrics that it shows.
export const explainButton = (title, body) => h('button', {
  type: 'button', class: 'icon explain', text: '?', 'aria-label': t('explain', title), title: t('explain', title), onclick: () => open(title, idsIn(body)),
});

export const showExplainButton = (button, body) => setHidden(button, !body.querySelector('[data-metric]'));

addEventListener('click', (event) => {
  const { target } = event;
  // Beside the dialog.
  if (target.id === 'explanation' && event.detail > 0) {
    const { left, right, top, bottom } = target.getBoundingClientRect();
    if (event.clientX < left || event.clientX > right || event.clientY < top || event.clientY > bottom) target.close();
  } else if (target.id === 'explanation-close') {
    byId('explanation').close();
  } else if (!target.closest?.('button, a, input, select, summary')) {
    const ids = target.closest?.('[data-metric]')?.dataset.metric.split(' ');
    if (ids) open(titleOf(ids[0]), ids);
  }
});
