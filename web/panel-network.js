// Network interfaces.

import { column } from './catalog.js';
import { Chart, entries, line } from './chart.js';
import { name, setHidden, visible } from './dom.js';
import * as format from './format.js';
import { Figures, Panel, Table, chip } from './panel.js';

export class NetworkPanel extends Panel {
  constructor(context) {
    const { t } = context;
    super(context, 'network', { sources: ['network'] });
    this.chart = new Chart(context, {
      label: t('network'), title: t('hardwareInterfaces'), floor: 1024,
      series: [line('network.receive_bytes_per_sec', 1, { fill: true }), line('network.transmit_bytes_per_sec', 2, { fill: true })],
    });
    this.table = new Table(t('network'), ['device', 'receive_bytes_per_sec', 'transmit_bytes_per_sec', 'speed_mbps']
      .map((member, index) => column(`networks.${member}`, index > 0 && 'number')));
    this.figures = new Figures({ conntrack: 'entries usage' });
    this.received = new Chart(context, { label: t('receivedBy'), title: t('receivedBy'), floor: 1024 });
    this.sent = new Chart(context, { label: t('sentBy'), title: t('sentBy'), floor: 1024 });
    this.body.append(this.chart.node, this.table.node, this.received.node, this.sent.node, this.figures.node);
  }

  has(sample) { return sample.networks?.length > 0; }

  show({ networks, conntrack }) {
    this.figures.show({ conntrack });
    const { t } = this.context;
    // Hardware first; what never carried a byte is left out.
    const rows = networks.filter((one) => one.physical || one.receive_bytes_total > 0).sort((a, b) => Number(b.physical) - Number(a.physical));
    for (const [chart, kind] of [[this.received, 'receive'], [this.sent, 'transmit']]) {
      // One interface is the sum of all.
      setHidden(chart.node, rows.length < 2);
      chart.set(entries(`networks.${kind}_bytes_per_sec`, rows, (one) => visible(one.device)));
    }
    this.table.show(rows, (one) => one.device, (one, row) => {
      row.name ??= name(one.device);
      const lost = ['receive_errors', 'transmit_errors', 'receive_drops', 'transmit_drops'].reduce((sum, kind) => sum + (one[`${kind}_per_sec`] || 0), 0);
      const link = one.speed_mbps > 0 ? format.megabits(one.speed_mbps) : one.state === 'unknown' ? format.absent : t(`link.${one.state}`) ?? visible(one.state ?? format.absent);
      return [row.name, format.rate(one.receive_bytes_per_sec), format.rate(one.transmit_bytes_per_sec),
        lost > 0 ? chip(t('lostPackets', format.count(lost)), 'warn') : link];
    }, (one) => !one.physical && 'secondary');
  }
}
