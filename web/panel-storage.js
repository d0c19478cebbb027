// Disks and filesystems.

import { column } from './catalog.js';
import { Chart, entries, line } from './chart.js';
import { Meter, fullness, h, joined, name, setAttribute, setHidden, setText, visible } from './dom.js';
import * as format from './format.js';
import { Bars, Panel, Table, isLate } from './panel.js';
import { sourceError } from './text.js';

export class DiskPanel extends Panel {
  constructor(context) {
    const { t } = context;
    super(context, 'disks', { sources: ['disk'] });
    this.chart = new Chart(context, {
      label: t('disks'), title: t('hardwareDisks'), floor: 1024,
      series: [line('disk.read_bytes_per_sec', 1, { fill: true }), line('disk.write_bytes_per_sec', 2, { fill: true })],
    });
    this.table = new Table(t('disks'), [column('disks.device'), column('disks.read_bytes_per_sec', 'number'),
      column('disks.write_bytes_per_sec', 'number'), [t('latency'), 'number optional', 'disks.read_latency_ms disks.write_latency_ms'], column('disks.busy', 'number meters')]);
    this.each = new Chart(context, { label: t('byDisk'), title: t('byDisk'), ceiling: 1 });
    this.body.append(this.chart.node, this.table.node, this.each.node);
  }

  has(sample) { return sample.disks?.length > 0; }

  show({ disk, disks }) {
    const { t } = this.context;
    setHidden(this.chart.node, !disk);
    this.each.set(entries('disks.busy', disks.filter((one) => one.busy >= 0), (one) => visible(one.name ?? one.device)));
    this.table.show(disks, (one) => one.device, (one, row) => {
      let { cell } = row;
      if (!cell) {
        const shown = one.name ?? one.device;
        const [meter, text, label] = [new Meter(t('busyOfDisk', visible(shown)), 'calm'), h('span', {}), name(shown)];
        setAttribute(label, 'title', joined(one.device, one.model));
        cell = row.cell = { meter, text, label, node: h('span', { class: 'measure' }, text, meter.node) };
      }
      setText(cell.text, format.percent(one.busy));
      cell.meter.show(one.busy, format.percent(one.busy));
      const slowest = Math.max(one.read_latency_ms ?? 0, one.write_latency_ms ?? 0);
      return [cell.label, format.rate(one.read_bytes_per_sec), format.rate(one.write_bytes_per_sec),
        slowest > 0 ? format.milliseconds(slowest) : format.absent, cell.node];
    }, (one) => one.physical === false && 'secondary');
  }
}

export class FilesystemPanel extends Panel {
  constructor(context) {
    super(context, 'filesystems', { sources: ['filesystem'], hasAges: true });
    this.list = new Bars((one) => `${one.mountpoint} ${one.device}`, (one) => name(one.mountpoint), (one) => visible(one.mountpoint));
    this.chart = new Chart(context, { label: context.t('byFilesystem'), title: context.t('byFilesystem'), ceiling: 1 });
    this.body.append(this.list.node, this.chart.node);
  }

  has(sample) { return sample.filesystems?.length > 0; }

  show({ filesystems, timestamp }) {
    const { t } = this.context;
    const fullest = [...filesystems].sort((a, b) => (b.usage ?? -1) - (a.usage ?? -1));
    this.chart.set(entries('filesystems.usage', fullest.filter((one) => one.usage >= 0), (one) => visible(one.mountpoint)));
    const isOld = (one) => isLate(`${one.mountpoint} ${one.device}`, Date.parse(timestamp) / 1000, one.age_seconds);
    this.list.show(fullest, (one) => ({
      ratio: one.usage,
      text: Number.isFinite(one.usage)
        ? `${format.percent(one.usage)} · ${t('freeOf', format.mebibytes(one.available_mb), format.mebibytes(one.total_mb))}` : format.absent,
      level: fullness(one.usage),
      note: joined(one.error && sourceError(one.error, format.duration), (one.error || isOld(one)) && one.age_seconds > 0 && t('old', format.duration(one.age_seconds)), one.read_only && t('readOnly'),
        one.inodes_usage >= 0.8 && t('inodes', format.percent(one.inodes_usage)), one.fstype, one.device),
      isStale: isOld(one) || one.error,
    }));
  }
}
