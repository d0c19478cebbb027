// The processors: what their time goes to, and each of them over time.

import { Chart, line } from './chart.js';
import { joined, setHidden, setText } from './dom.js';
import * as format from './format.js';
import { HeatMap } from './heatmap.js';
import { Figures, Panel } from './panel.js';
import { keyOf } from './store.js';

export class CPUPanel extends Panel {
  constructor(context) {
    const { t } = context;
    super(context, 'cpu', { kind: 'wide', sources: ['cpu'], total: true });
    this.chart = new Chart(context, { label: t('cpuUsage'), title: t('usage'), kind: 'tall', ceiling: 1 });
    this.map = new HeatMap(context, { label: t('eachCore'), below: this.chart });
    this.figures = new Figures(t, 'clock frequency_mhz megahertz', 'contextSwitches context_switches_per_sec perSecond',
      'interrupts interrupts_per_sec perSecond', 'forks forks_per_sec perSecond');
    // Guests are part of user and nice; idle is the rest. Modes that many machines never have appear with their first value.
    this.modes = [
      line('cpu.modes.user', t('mode.user'), 1), line('cpu.modes.nice', t('mode.nice'), 6, { mode: 'nice' }),
      line('cpu.modes.system', t('mode.system'), 2), line('x.irq', t('mode.irq'), 3),
      line('cpu.modes.steal', t('mode.steal'), 7, { mode: 'steal' }), line('cpu.modes.iowait', t('mode.iowait'), 8, { faint: true }),
    ];
    this.usage = [line('cpu.usage', '', 1, { fill: true })];
    this.body.append(this.chart.node, this.map.node, this.figures.node);
  }

  has(sample) { return sample.cpu; }

  show({ cpu }) {
    const { t } = this.context;
    setText(this.note, joined(cpu.model, cpu.sockets > 1 && t('sockets', cpu.sockets), cpu.cores && t('cores', cpu.cores),
      cpu.threads && t('threads', cpu.threads)));
    setText(this.total, format.percent(cpu.usage));
    for (const one of this.modes) if (cpu.modes?.[one.mode] > 0.0005) one.mode = undefined;
    this.chart.set({ isStacked: Boolean(cpu.modes), series: cpu.modes ? this.modes.filter((one) => !one.mode) : this.usage });
    const cores = cpu.per_core ?? [];
    setHidden(this.map.node, cores.length < 2);
    this.map.setRows(cores.map((core) => keyOf('cpu.per_core.usage', ['cpu'], core)));
    this.figures.show(cpu);
  }
}
