// Memory and its parts, and swap.

import { Chart, line } from './chart.js';
import { fullness, h, setText } from './dom.js';
import * as format from './format.js';
import { Bars, Figures, Panel } from './panel.js';

export class MemoryPanel extends Panel {
  constructor(context) {
    const { t } = context;
    super(context, 'memory', { sources: ['memory'], total: true });
    this.chart = new Chart(context, {
      label: t('memory'), title: t('usage'), kind: 'tall', isStacked: true, isBinary: true, format: format.mebibytes,
      series: [line('ram.used_mb', t('used'), 4), line('x.reclaimable', t('reclaimable'), 4, { faint: true })],
    });
    this.figures = new Figures(t, 'available available_mb mebibytes', 'free free_mb mebibytes', 'cached cached_mb mebibytes',
      'buffers buffers_mb mebibytes', 'shared shared_mb mebibytes', 'slab slab_mb mebibytes', 'dirty dirty_mb mebibytes',
      'arc arc_mb mebibytes', 'majorFaults major_faults_per_sec perSecond', 'swapIn in_bytes_per_sec rate warn',
      'swapOut out_bytes_per_sec rate warn', 'oomKills oom_kills_total count bad');
    this.swap = new Bars(() => '', () => h('span', { text: t('swap') }), () => t('swap'));
    this.body.append(this.chart.node, this.swap.node, this.figures.node);
  }

  has(sample) { return sample.ram; }

  show({ ram, swap }) {
    setText(this.note, this.context.t('inAll', format.mebibytes(ram.total_mb)));
    setText(this.total, format.percent(ram.usage));
    this.chart.set({ ceiling: ram.total_mb });
    this.swap.show(swap?.total_mb > 0 ? [swap] : [], (one) => ({
      ratio: one.usage, text: format.part(one.used_mb, one.total_mb), level: fullness(one.usage),
    }));
    this.figures.show({ ...ram, in_bytes_per_sec: swap?.in_bytes_per_sec, out_bytes_per_sec: swap?.out_bytes_per_sec });
  }
}
