// The GPUs: a tile for each, and their temperatures, power and clocks side by side.

import { titleOf } from './catalog.js';
import { Chart, line, numbered } from './chart.js';
import { evenly, h, joined, keyed, setAttribute, setHidden, setText, visible } from './dom.js';
import * as format from './format.js';
import { Bars, Figures, Panel, chip, isLate } from './panel.js';
import { keyOf } from './store.js';

class Tile {
  constructor(context, gpu) {
    const { t } = context;
    const label = `GPU ${gpu.index ?? 0}`;
    this.context = context;
    this.util = h('strong', {});
    this.model = h('span', { class: 'note' });
    this.chips = h('div', { class: 'chips', hidden: true });
    this.chart = new Chart(context, {
      label, title: '', kind: 'low', ceiling: 1, axis: false,
      series: [
        line(keyOf('gpus.util', gpu), 3, { fill: true, band: keyOf('gpus.util_peak', gpu) }),
        line(keyOf('gpus.vram_usage', gpu), 4),
      ],
    });
    this.vram = new Bars(() => '', () => h('span', { text: t('vram') }), () => `${label}: ${t('vram')}`);
    this.figures = new Figures({ gpus: 'temperature_c clock_mhz fan fan_rpm encoder_util: decoder_util:' });
    this.details = new Figures({ gpus: 'hotspot_temperature_c memory_temperature_c memory_clock_mhz memory_util shared_used_mb '
      + 'pcie_receive_bytes_per_sec pcie_transmit_bytes_per_sec ecc_corrected_total:' });
    this.instances = h('ul', {});
    this.processes = h('ul', {});
    this.node = h('div', { class: 'tile', role: 'group', 'aria-label': label },
      h('div', { class: 'head' }, h('h3', { text: label }), this.model, this.util), this.chips, this.chart.node, this.vram.node,
      this.figures.node, this.details.node, this.instances, this.processes);
  }

  remove() {
    this.chart.remove();
    this.node.remove();
  }

  show(gpu, time, isSameModel, isMany) {
    const { t } = this.context;
    const isAwake = (gpu.state ?? 'active') === 'active';
    const isOld = isLate(`gpu ${gpu.uuid ?? gpu.index}`, time, gpu.age_seconds);
    setAttribute(this.node, 'data-state', gpu.state);
    setAttribute(this.node, 'data-stale', (!isAwake || isOld) && 'true');
    setText(this.util, isAwake ? format.percent(gpu.util) : t(gpu.state) ?? visible(gpu.state));
    setText(this.model, isSameModel ? '' : visible(gpu.model ?? gpu.vendor));
    const reasons = (gpu.throttle_reasons ?? '').split(/[,\s]+/).filter(Boolean);
    const { recovery_action: action } = gpu;
    const recovery = typeof action === 'string' && !/^(none|n\/a|)$/i.test(action) && action;
    keyed(this.chips, [
      isOld && [t('dataOld', format.duration(gpu.age_seconds)), gpu.state === 'asleep' ? '' : 'warn'],
      ...reasons.map((reason) => [t(`throttle.${reason}`) ?? visible(reason.replaceAll('_', ' ')), 'warn']),
      gpu.ecc_uncorrected_total > 0 && [t('eccUncorrected', gpu.ecc_uncorrected_total), 'bad'],
      gpu.xid > 0 && [`Xid ${gpu.xid}`, 'bad'],
      gpu.retired_pages > 0 && [t('retiredPages', gpu.retired_pages), 'warn'],
      recovery && [t('recovery', t(`recovery.${recovery.toLowerCase().replace(/[ ,-]+/g, '_')}`) ?? visible(recovery)), 'bad'],
    ].filter(Boolean), ([text]) => text, ([text, level]) => chip(text, level));
    // Its row stays once it was needed: the panels below would move with each sample.
    if (this.chips.childElementCount > 0) setHidden(this.chips, false);
    const hasMemory = Number.isFinite(gpu.vram_total_mb) && Number.isFinite(gpu.vram_used_mb);
    this.vram.show(hasMemory ? [gpu] : [], (one) => ({
      ratio: one.vram_used_mb / one.vram_total_mb, text: format.part(one.vram_used_mb, one.vram_total_mb), level: 'calm',
    }));
    this.figures.show({ gpus: gpu }, [[titleOf('gpus.power_watts'), format.part(gpu.power_watts, gpu.power_limit_watts, format.watts)]]);
    setHidden(this.details.node, isMany);
    if (!isMany) this.details.show({ gpus: gpu }, gpu.pcie_generation > 0 ? [[t('link'), `PCIe ${gpu.pcie_generation} ×${gpu.pcie_width}`]] : []);
    keyed(this.instances, gpu.instances ?? [], (one) => one.uuid, () => h('li', {}), (node, one) =>
      setText(node, `${visible(one.profile ?? one.uuid)} · ${format.part(one.vram_used_mb, one.vram_total_mb)}`));
    const all = [...(gpu.processes ?? [])].sort((a, b) => (b.vram_used_mb ?? 0) - (a.vram_used_mb ?? 0));
    const rows = all.slice(0, 3).map((one) => [one.pid, visible(one.name ?? one.pid),
      joined(one.vram_used_mb >= 0 && format.mebibytes(one.vram_used_mb), one.util >= 0 && format.percent(one.util)),
      joined(one.pid, one.user, one.service, one.kind)]);
    if (all.length > 3) rows.push(['more', t('more', all.length - 3), '', '']);
    keyed(this.processes, rows, ([pid]) => pid, () => h('li', { class: 'bar' }, h('bdi', {}), h('span', { class: 'figure note' })),
      (node, [, name, use, title]) => {
        setText(node.firstChild, name);
        setText(node.lastChild, use);
        setAttribute(node, 'title', title);
      });
  }
}

export class GPUPanel extends Panel {
  constructor(context) {
    const { t } = context;
    super(context, 'gpu', { kind: 'full', sources: ['gpu'], hasAges: true });
    this.tiles = h('div', { class: 'tiles' });
    this.compared = Object.entries({ temperature_c: 100, power_watts: 10, clock_mhz: 1000 }).map(([member, floor]) => {
      const title = titleOf(`gpus.${member}`);
      return { member, chart: new Chart(context, { label: `GPU: ${title}`, title, floor }) };
    });
    this.body.append(this.tiles, h('div', { class: 'trio' }, ...this.compared.map((one) => one.chart.node)));
    this.arrange = evenly(this.tiles, () => (this.tiles.childElementCount > 2 ? 17 : 30));
  }

  list(sample) { return sample.gpus ?? (sample.gpu ? [sample.gpu] : []); }
  has(sample) { return this.list(sample).length > 0; }

  show(sample) {
    const { t, store } = this.context;
    const list = this.list(sample);
    setText(this.heading, list.length > 1 ? t('gpus', list.length) : t('gpu'));
    const models = [...new Set(list.map((gpu) => gpu.model ?? gpu.vendor))];
    const { driver, cuda } = list[0];
    setText(this.note, joined(...models, driver && t('driver', driver), cuda && `CUDA ${cuda}`));
    const isMany = list.length > 2;
    setAttribute(this.tiles, 'data-many', isMany && 'true');
    keyed(this.tiles, list, (gpu) => `${gpu.index} ${gpu.uuid}`, (gpu) => new Tile(this.context, gpu),
      (tile, gpu) => tile.show(gpu, Date.parse(sample.timestamp) / 1000, models.length === 1, isMany));
    this.arrange();
    for (const { member, chart } of this.compared) {
      const id = `gpus.${member}`;
      const known = list.filter((gpu) => Number.isFinite(gpu[member]) || store.has(keyOf(id, gpu)));
      setHidden(chart.node, known.length === 0);
      chart.set({ series: known.map((gpu) => numbered(keyOf(id, gpu), list.length > 1 ? `${gpu.index}` : '', gpu.index ?? 0)) });
    }
  }
}
