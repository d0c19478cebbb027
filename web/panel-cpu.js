// The processors: what their time goes to, and each of them over time.

import { titleOf } from './catalog.js';
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
    this.chart = new Chart(context, { label: t('cpuUsage'), title: titleOf('cpu.usage'), kind: 'tall', ceiling: 1 });
    this.map = new HeatMap(context, { label: t('eachCore'), below: this.chart });
    this.figures = new Figures({ cpu: 'frequency_mhz context_switches_per_sec interrupts_per_sec forks_per_sec' });
    // Guests are part of user and nice; idle is the rest. Modes that many machines never have appear with their first value.
    this.modes = [
      line('cpu.modes.user', 1), line('cpu.modes.nice', 6, { mode: 'nice' }), line('cpu.modes.system', 2), line('cpu.modes.irq all', 3),
      line('cpu.modes.steal', 7, { mode: 'steal' }), line('cpu.modes.iowait', 8, { faint: true }),
    ];
    this.usage = [line('cpu.usage', 1, { label: '', fill: true })];
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
    this.map.setRows(cores.map((core) => keyOf('cpu.per_core.usage', core)));
    this.figures.show({ cpu });
  }
}
