// Memory and its parts, and swap.

import { others, titleOf } from './catalog.js';
import { Chart, line } from './chart.js';
import { fullness, h, setText } from './dom.js';
import * as format from './format.js';
import { Bars, Figures, Panel } from './panel.js';

export class MemoryPanel extends Panel {
  constructor(context) {
    const { t } = context;
    super(context, 'memory', { sources: ['memory'], total: true });
    this.chart = new Chart(context, {
      label: t('memory'), title: titleOf('ram.usage'), kind: 'tall', isStacked: true,
      series: [line('ram.used_mb', 4), line('ram.available_mb used', 4, { label: t('reclaimable'), faint: true })],
    });
    this.figures = new Figures({
      ram: others('ram', 'total_mb used_mb usage', { oom_kills_total: 'bad' }),
      swap: 'in_bytes_per_sec:warn out_bytes_per_sec:warn',
    });
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
    this.figures.show({ ram, swap });
  }
}
