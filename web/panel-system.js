// Load, pressure, container limits, and the agent's overhead.

import { column } from './catalog.js';
import { Chart, line } from './chart.js';
import { fullness, h, joined, setHidden, setText, visible } from './dom.js';
import * as format from './format.js';
import { Bars, Figures, Panel, Table } from './panel.js';
import { sourceError } from './text.js';

export class SystemPanel extends Panel {
  constructor(context) {
    const { t } = context;
    super(context, 'system', { sources: ['host', 'pressure'] });
    this.load = new Chart(context, {
      label: t('load'), series: [line('load.load1', 1), line('load.load5', 2), line('load.load15', 8)],
    });
    this.pressure = new Chart(context, {
      label: t('pressure'), floor: 0.01, highest: 1,
      series: ['cpu', 'memory', 'io'].map((part, index) => line(`pressure.${part}.some.ratio`, [1, 4, 2][index], { label: t(part) })),
    });
    this.figures = new Figures({ load: 'running blocked tasks', processes: 'total zombie:warn', host: 'open_files' });
    this.body.append(this.load.node, this.pressure.node, this.figures.node);
  }

  has(sample) { return sample.load || sample.pressure; }

  show(sample) {
    const { t } = this.context;
    const { load, pressure, cpu } = sample;
    setHidden(this.load.node, !load);
    if (cpu?.threads !== this.load.limit?.value) this.load.set({ limit: { value: cpu?.threads, label: t('threads', cpu?.threads) } });
    setHidden(this.pressure.node, !pressure);
    const stalled = (part, label, level) => [t(label), format.percent(pressure?.[part]?.full?.ratio || NaN), level];
    this.figures.show(sample, [], [stalled('memory', 'allWaitMemory', 'warn'), stalled('io', 'allWaitIO')]);
  }
}

export class LimitsPanel extends Panel {
  constructor(context) {
    const { t } = context;
    super(context, 'limits', { sources: ['cgroup'] });
    this.list = new Bars(([label]) => label, ([label]) => h('span', { text: label }));
    this.figures = new Figures({ cgroup: 'throttled:warn oom_kills_total:bad' });
    this.body.append(this.list.node, this.figures.node);
  }

  // Used and limit of each resource that has a limit.
  rows({ cgroup }) {
    const { t } = this.context;
    return [
      [t('cpu'), cgroup?.cpu_cores, cgroup?.cpu_limit_cores, format.units.cores],
      [t('memory'), cgroup?.memory_used_mb, cgroup?.memory_limit_mb, format.mebibytes],
      [t('swap'), cgroup?.swap_used_mb, cgroup?.swap_limit_mb, format.mebibytes],
      [t('tasks'), cgroup?.tasks, cgroup?.tasks_limit, format.count],
    ].filter(([, , limit]) => limit > 0);
  }

  has(sample) { return this.rows(sample).length > 0; }

  show(sample) {
    setText(this.note, visible(sample.cgroup.path));
    this.list.show(this.rows(sample), ([, used, limit, told]) => ({
      ratio: used / limit, text: format.part(used, limit, told), level: fullness(used / limit),
    }));
    this.figures.show(sample);
  }
}

export class AgentPanel extends Panel {
  constructor(context) {
    const { t } = context;
    super(context, 'agent');
    this.chart = new Chart(context, {
      label: t('agentCPU'), kind: 'low', axis: false, floor: 0.01, series: [line('agent.cpu_cores', 8, { label: '', fill: true })],
    });
    this.figures = new Figures({ agent: 'cpu_cores rss_bytes cpu_seconds_total' });
    this.table = new Table(t('sources'), ['source', 'duration_seconds', 'success'].map((member, index) =>
      column(`agent.sources.${member}`, ['', 'number', 'reason'][index])));
    this.details = h('details', {}, h('summary', { text: t('sources') }), this.table.node);
    this.body.append(this.chart.node, this.figures.node, this.details);
  }

  has(sample) { return sample.agent; }

  show({ agent }) {
    const { t } = this.context;
    const sources = agent.sources ?? [];
    setText(this.note, t('version', visible(agent.version)));
    setHidden(this.chart.node, !Number.isFinite(agent.cpu_cores));
    this.figures.show({ agent });
    const hasFailed = sources.some((one) => one.success === false);
    if (hasFailed && !this.hasFailed) this.details.open = true;
    this.hasFailed = hasFailed;
    this.table.show(sources, (one) => one.source, (one) => [
      visible(one.source), format.milliseconds(one.duration_seconds * 1000),
      one.success === false ? (one.error ? sourceError(visible(one.error), format.duration) : t('sourceFailed')) : joined(one.age_seconds > 0.5 && t('old', format.duration(one.age_seconds)), one.note) || '✓',
    ], (one) => one.success === false && 'bad');
  }
}
