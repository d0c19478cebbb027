// The agent's catalog: the title, unit, help and labels of every metric, and how its values are written.

import { getJSON } from './api.js';
import * as format from './format.js';
import { currentLanguage } from './text.js';

const metrics = new Map();

async function load() {
  for (;;) {
    try {
      for (const metric of (await getJSON('catalog', { cache: 'no-cache' })).metrics) metrics.set(metric.id, metric);
      return;
    } catch {
      await new Promise((done) => setTimeout(done, 2000));
    }
  }
}

// Fulfilled once the catalog has come; until then no metric is known.
export const ready = load();

// The metric of an id, or of a series' key, which continues behind the id: gpus.util{index="0"}, gpus.util mean.
export const metric = (key) => metrics.get(key) ?? metrics.get(/^[\w.]*/.exec(key)[0]) ?? {};

export const titleOf = (key) => metric(key)[`title_${currentLanguage()}`] ?? metric(key).title;

// The attributes of a title that opens the explanations of its metrics. keys: ids or keys of series, separated by blanks.
export function explained(keys = '') {
  const known = keys.split(' ').map(metric).filter((one) => one.id);
  return { 'data-metric': known.map((one) => one.id).join(' ') || null, title: known.map((one) => one.help).join('; ') || null };
}

// A value with its unit.
export const textOf = (key, value) => (format.units[metric(key).unit] ?? format.count)(value);

// The ids of members of groups: { cpu: 'usage modes.user' } are cpu.usage and cpu.modes.user.
export const idsOf = (groups) =>
  Object.entries(groups).flatMap(([group, members]) => members.split(' ').map((member) => `${group}.${member}`));

// The members of a group but some of them, with the levels of some: others('ram', 'usage', { oom_kills_total: 'bad' }).
export const others = (group, except, levels = {}) => [...metrics.keys()]
  .filter((id) => id.startsWith(`${group}.`)).map((id) => id.slice(group.length + 1))
  .filter((member) => !except.split(' ').includes(member))
  .map((member) => (levels[member] ? `${member}:${levels[member]}` : member)).join(' ');

// The value of an id in a sample.
export const valueIn = (sample, id) => id.split('.').reduce((inner, name) => inner?.[name], sample);

// The column of a table with the values of a metric.
export const column = (id, kind) => [titleOf(id), kind, id];
