// Overview: a value and its recent course for each part of the machine.

import { Chart, line } from './chart.js';
import { evenly, fullness, h, setAttribute, setHidden, setText } from './dom.js';
import * as format from './format.js';

const known = (list, member) => (list ?? []).filter((one) => Number.isFinite(one[member]));
const sum = (list, member) => list.reduce((total, one) => total + (one[member] ?? 0), 0);
const fill = { fill: true };
const greatest = (pairs) => pairs.filter(([value]) => Number.isFinite(value)).reduce((most, pair) => (pair[0] > (most?.[0] ?? -Infinity) ? pair : most), null);
const rates = (part, first, second, told) => part && Number.isFinite(part[first]) && [format.rate(part[first] + part[second]), told(format.rate(part[second]))];

// Name, panel, series, more options of the chart, and the texts: [value, text below it, level], or null. GPUs come first where
// there are any.
const cells = [
  ['gpu', 'gpu', [line('gpus.util mean', 3, fill)], { ceiling: 1 }, ({ gpus }, t) => {
    if (!gpus?.length) return null;
    const list = known(gpus, 'util');
    const lost = gpus.filter((gpu) => gpu.state === 'lost').length;
    return [format.percent(sum(list, 'util') / list.length),
      lost > 0 ? t('lostOf', lost, gpus.length) : t('busyOf', list.filter((gpu) => gpu.util >= 0.05).length, gpus.length), lost > 0 && 'bad'];
  }],
  ['vram', 'gpu', [line('gpus.vram_usage mean', 4, fill)], { ceiling: 1 }, ({ gpus }) => {
    const list = known(known(gpus, 'vram_total_mb'), 'vram_used_mb');
    const [used, total] = [sum(list, 'vram_used_mb'), sum(list, 'vram_total_mb')];
    return total > 0 && [format.percent(used / total), format.part(used, total)];
  }],
  ['gpuPower', 'gpu', [line('gpus.power_watts sum', 5, fill)], {}, ({ gpus }) => {
    const list = known(gpus, 'power_watts');
    const limit = sum(list, 'power_limit_watts');
    return list.length > 0 && [format.watts(sum(list, 'power_watts')), limit > 0 ? `/ ${format.watts(limit)}` : ''];
  }],
  ['cpu', 'cpu', [line('cpu.usage', 1, fill)], { ceiling: 1 },
    ({ cpu }) => cpu && [format.percent(cpu.usage), format.megahertz(cpu.frequency_mhz)]],
  ['memory', 'memory', [line('ram.usage', 4, fill)], { ceiling: 1 },
    ({ ram }) => ram && [format.percent(ram.usage), format.part(ram.used_mb, ram.total_mb), fullness(ram.usage)]],
  ['hottest', 'sensors', [line('gpus.temperature_c max', 3), line('temperatures.celsius max', 7)], { floor: 100 }, ({ gpus, temperatures }) => {
    const most = greatest([
      ...(temperatures ?? []).map((one) => [one.celsius, one.sensor, one.high_celsius ?? one.critical_celsius]),
      ...(gpus ?? []).map((gpu) => [gpu.temperature_c, `GPU ${gpu.index}`, gpu.slowdown_temperature_c]),
    ]);
    return most && [format.celsius(most[0]), most[1], most[0] >= most[2] ? 'bad' : most[0] >= most[2] - 5 && 'warn'];
  }],
  ['load', 'system', [line('load.load1', 1)], {},
    ({ load, cpu }, t) => load && [format.count(load.load1), cpu?.threads > 0 ? t('ofThreads', cpu.threads) : '', load.load1 > cpu?.threads * 1.5 && 'warn']],
  ['pressure', 'system', [line('pressure.cpu.some.ratio', 1), line('pressure.memory.some.ratio', 4), line('pressure.io.some.ratio', 2)],
    { floor: 0.05, highest: 1 }, ({ pressure }, t) => {
      const most = greatest(['cpu', 'memory', 'io'].map((part) => [pressure?.[part]?.some?.ratio, part]));
      return most && [format.percent(most[0]), most[0] > 0 ? t('waitingFor', t(most[1])) : t('nobodyWaits'), most[0] >= 0.3 && 'warn'];
    }],
  ['disks', 'disks', [line('disk.read_bytes_per_sec', 1, fill), line('disk.write_bytes_per_sec', 2, fill)], { floor: 2 ** 20 },
    ({ disk }, t) => rates(disk, 'read_bytes_per_sec', 'write_bytes_per_sec', (rate) => t('written', rate))],
  ['network', 'network', [line('network.receive_bytes_per_sec', 1, fill), line('network.transmit_bytes_per_sec', 2, fill)], { floor: 100 * 2 ** 10 },
    ({ network }, t) => rates(network, 'receive_bytes_per_sec', 'transmit_bytes_per_sec', (rate) => t('sent', rate))],
];

export class Overview {
  constructor(context) {
    const { t } = context;
    this.context = context;
    this.node = h('section', { class: 'overview', 'aria-label': t('overview'), hidden: true });
    this.parts = cells.map(([label, panel, series, options, told]) => {
      const [figure, below] = [h('strong', {}), h('small', {})];
      const chart = new Chart(context, { label: t(label), isSpark: true, kind: 'spark', series, ...options });
      const node = h('button', {
        type: 'button', class: 'cell', hidden: true,
        onclick: () => document.getElementById(`panel-${panel}`).scrollIntoView(),
      }, h('span', { class: 'label', text: t(label) }), figure, below, chart.node);
      this.node.append(node);
      return { told, node, figure, below };
    });
    this.arrange = evenly(this.node, () => 9.2);
  }

  update(sample) {
    setHidden(this.node, false);
    for (const { told, node, figure, below } of this.parts) {
      const texts = told(sample, this.context.t);
      setHidden(node, !texts);
      if (!texts) continue;
      setText(figure, texts[0]);
      setText(below, texts[1] === format.absent ? '' : texts[1]);
      setAttribute(node, 'data-level', texts[2]);
    }
    this.arrange();
  }
}

// The load of the busiest part, 0…1.
export const busiest = ({ cpu, gpus }) => Math.max(cpu?.usage ?? 0, ...known(gpus, 'util').map((gpu) => gpu.util));
