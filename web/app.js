// The page: asks the agent for samples and shows them; what does not come is said and never made up.

import { Chart } from './chart.js';
import * as format from './format.js';

const byId = (id) => document.getElementById(id);

// Texts go in as text, never as markup: names of processes and mounts come from anywhere.
function element(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  const { className, text, ...attributes } = options;
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const named = (text, className) => element('bdi', { className, text: format.name(text), title: format.name(text) });

const level = (ratio) => (ratio >= 0.9 ? 'bad' : ratio >= 0.75 ? 'warn' : 'good');

const clamp = (ratio) => Math.min(1, Math.max(0, ratio));

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// MARK: Widgets

// An arc of three quarters of a circle with its figure in the middle.
class Gauge {
  constructor(parent, label) {
    const namespace = 'http://www.w3.org/2000/svg';
    this.meter = element('div', {
      className: 'gauge', role: 'meter', 'aria-label': label, 'aria-valuemin': 0, 'aria-valuemax': 100,
    });
    const svg = document.createElementNS(namespace, 'svg');
    svg.setAttribute('viewBox', '0 0 120 120');
    svg.setAttribute('aria-hidden', 'true');
    const arc = (className) => {
      const path = document.createElementNS(namespace, 'path');
      path.setAttribute('d', 'M24.6 95.4A50 50 0 1 1 95.4 95.4');
      path.setAttribute('pathLength', '100');
      path.setAttribute('class', className);
      svg.append(path);
      return path;
    };
    arc('track');
    this.arc = arc('value');
    this.text = element('strong');
    this.note = element('small');
    this.meter.append(svg, element('div', { className: 'reading' }, this.text, this.note));
    parent.append(this.meter);
  }

  show(ratio, note) {
    const isKnown = Number.isFinite(ratio);
    const share = isKnown ? clamp(ratio) * 100 : 0;
    this.arc.setAttribute('stroke-dasharray', `${share.toFixed(2)} 200`);
    this.arc.setAttribute('class', `value ${isKnown && share > 0 ? level(ratio) : 'none'}`);
    setText(this.text, format.percent(ratio));
    setText(this.note, note ?? '');
    if (isKnown) this.meter.setAttribute('aria-valuenow', share.toFixed(1));
    else this.meter.removeAttribute('aria-valuenow');
    this.meter.setAttribute('aria-valuetext', `${isKnown ? format.percent(ratio) : 'not known'} ${note ?? ''}`.trim());
  }
}

// A name, a figure and a bar below them.
function bar({ label, figure, ratio, state, title }) {
  const isKnown = Number.isFinite(ratio);
  const fill = element('i', { className: state ?? level(ratio) });
  fill.style.width = `${isKnown ? clamp(ratio) * 100 : 0}%`;
  const row = element('div', { className: 'bar' },
    element('span', { className: 'name' }, typeof label === 'string' ? element('span', { text: label }) : label),
    element('span', { className: 'figure', text: figure }),
    element('span', { className: 'rail', 'aria-hidden': 'true' }, fill));
  if (title) row.title = title;
  return row;
}

const figure = (label, text) =>
  element('div', { className: 'pair' }, element('span', { className: 'quiet', text: label }), element('b', { text }));

function table(heads, rows) {
  return element('table', {},
    element('thead', {}, element('tr', {}, ...heads.map(([text, className]) =>
      element('th', { scope: 'col', className, text })))),
    element('tbody', {}, ...rows.map((cells) => element('tr', {}, ...cells.map((cell, index) =>
      element('td', { className: heads[index][1] }, cell))))));
}

// MARK: Panels

const gauges = { cpu: new Gauge(byId('cpu-gauge'), 'CPU usage'), ram: new Gauge(byId('ram-gauge'), 'Memory usage') };

const charts = {
  cpu: new Chart(byId('cpu-chart'), {
    label: 'CPU usage', ceiling: 1, format: format.percent, series: [{ key: 'cpu', color: 'a' }],
  }),
  ram: new Chart(byId('ram-chart'), {
    label: 'Memory usage', ceiling: 1, format: format.percent, series: [{ key: 'ram', color: 'b' }],
  }),
  network: new Chart(byId('network-chart'), {
    label: 'Network', floor: 1000, format: format.rate,
    series: [{ key: 'receive', label: 'received', color: 'a' }, { key: 'transmit', label: 'sent', color: 'c' }],
  }),
  disk: new Chart(byId('disk-chart'), {
    label: 'Disks', floor: 1000, format: format.rate,
    series: [{ key: 'read', label: 'read', color: 'a' }, { key: 'write', label: 'written', color: 'c' }],
  }),
};

const modes = [
  ['user', 'user'], ['nice', 'nice'], ['system', 'system'], ['irq', 'interrupts'], ['softirq', 'soft interrupts'],
  ['steal', 'stolen by the hypervisor'], ['guest', 'guests'], ['iowait', 'idle, waiting for I/O'],
];

const cores = [];

function showCPU(cpu) {
  byId('cpu').hidden = !cpu;
  if (!cpu) return;
  const counts = [
    cpu.sockets > 1 && `${cpu.sockets} sockets`, cpu.cores && `${cpu.cores} ${cpu.cores === 1 ? 'core' : 'cores'}`,
    cpu.threads && `${cpu.threads} ${cpu.threads === 1 ? 'thread' : 'threads'}`,
  ];
  setText(byId('cpu-model'), [cpu.model && format.name(cpu.model), ...counts].filter(Boolean).join(' · '));
  gauges.cpu.show(cpu.usage, cpu.frequency_mhz ? format.megahertz(cpu.frequency_mhz) : '');
  const shares = modes.map(([key, label]) => ({ key, label, ratio: cpu.modes?.[key] })).filter((mode) => mode.ratio > 0);
  const strip = element('div', { className: 'strip', 'aria-hidden': 'true' }, ...shares.map(({ key, ratio }) => {
    const part = element('i', { className: `mode-${key}` });
    part.style.width = `${clamp(ratio) * 100}%`;
    return part;
  }));
  const keys = element('div', { className: 'keys' }, ...shares.filter(({ ratio }) => ratio >= 0.0005).map(
    ({ key, label, ratio }) => element('span', { className: 'key' },
      element('i', { className: `mode-${key}` }), `${label} `, element('b', { text: format.percent(ratio) }))));
  byId('cpu-modes').replaceChildren(...(cpu.modes ? [strip, keys] : []));
  showCores(cpu.per_core ?? []);
}

function showCores(list) {
  const parent = byId('cpu-cores');
  parent.hidden = list.length < 2;
  while (cores.length < list.length) {
    const cell = element('div', { className: 'core' }, element('i'));
    cores.push(cell);
    parent.append(cell);
  }
  while (cores.length > list.length) cores.pop().remove();
  parent.className = list.length > 128 ? 'cores dense' : 'cores';
  parent.setAttribute('role', 'img');
  const busy = list.filter((core) => core.usage >= 0.9).length;
  parent.setAttribute('aria-label', `${list.length} logical CPUs, ${busy} of them busy at 90 % or more`);
  list.forEach((core, index) => {
    const [cell, fill] = [cores[index], cores[index].firstChild];
    fill.style.height = `${Number.isFinite(core.usage) ? clamp(core.usage) * 100 : 0}%`;
    const frequency = core.frequency_mhz ? `, ${format.megahertz(core.frequency_mhz)}` : '';
    cell.title = `CPU ${core.cpu}: ${format.percent(core.usage)}${frequency}`;
  });
}

function showMemory(ram, swap) {
  byId('ram').hidden = !ram;
  if (!ram) return;
  setText(byId('ram-note'), `${format.mebibytes(ram.total_mb)} in all`);
  gauges.ram.show(ram.usage, format.mebibytes(ram.used_mb));
  const parts = [
    ['available', ram.available_mb], ['cached', ram.cached_mb], ['buffers', ram.buffers_mb], ['shared', ram.shared_mb],
    ['kernel', ram.slab_mb], ['ZFS cache', ram.arc_mb], ['free', ram.free_mb],
  ].filter(([, value]) => Number.isFinite(value));
  byId('ram-parts').replaceChildren(element('div', { className: 'figures' },
    ...parts.map(([label, value]) => figure(label, format.mebibytes(value)))));
  const hasSwap = swap && swap.total_mb > 0;
  const traffic = [['in', swap?.in_bytes_per_sec], ['out', swap?.out_bytes_per_sec]].filter(([, value]) => value > 0)
    .map(([label, value]) => ` · ${format.rate(value)} ${label}`).join('');
  byId('swap').replaceChildren(...(hasSwap ? [bar({
    label: 'Swap', ratio: swap.usage,
    figure: `${format.part(swap.used_mb, swap.total_mb)}${traffic}`,
  })] : []));
}

const gpuTiles = new Map();

function showGPUs(sample) {
  const list = sample.gpus ?? (sample.gpu ? [sample.gpu] : []);
  byId('gpu').hidden = list.length === 0;
  setText(byId('gpu-title'), list.length > 1 ? `${list.length} GPUs` : 'GPU');
  const models = [...new Set(list.map((gpu) => gpu.model ?? gpu.vendor))];
  setText(byId('gpu-note'), models.map(format.name).join(' · '));
  const keys = new Set(list.map(gpuKey));
  for (const [key, tile] of gpuTiles) {
    if (keys.has(key)) continue;
    tile.node.remove();
    gpuTiles.delete(key);
  }
  for (const gpu of list) {
    const key = gpuKey(gpu);
    let tile = gpuTiles.get(key);
    if (!tile) {
      tile = { node: element('div', { className: 'tile' }), bars: element('div') };
      tile.chart = new Chart(tile.node, {
        label: `Utilisation of GPU ${gpu.index ?? 0}`, ceiling: 1, format: format.percent, small: list.length > 1,
        series: [{ key, color: 'd' }],
      });
      tile.node.append(tile.bars);
      gpuTiles.set(key, tile);
      byId('gpus').append(tile.node);
    }
    const details = [
      [gpu.temperature_c, format.celsius], [gpu.power_watts, format.watts], [gpu.clock_mhz, format.megahertz],
    ].filter(([value]) => Number.isFinite(value)).map(([value, text]) => text(value));
    if (gpu.state && gpu.state !== 'active') details.unshift(format.name(gpu.state));
    if (gpu.age_seconds > interval * 2 + 3) details.push(`figures ${format.duration(gpu.age_seconds)} old`);
    tile.bars.replaceChildren(
      // A busy GPU is what it was bought for: no alarm.
      bar({
        label: list.length > 1 ? `GPU ${gpu.index ?? 0}` : 'Busy', ratio: gpu.util, state: 'calm',
        figure: format.percent(gpu.util),
      }),
      ...(Number.isFinite(gpu.vram_total_mb) ? [bar({
        label: 'VRAM', ratio: gpu.vram_used_mb / gpu.vram_total_mb,
        figure: format.part(gpu.vram_used_mb, gpu.vram_total_mb), state: 'calm',
      })] : []),
      element('p', { className: 'quiet', text: details.join(' · ') }));
  }
}

const gpuKey = (gpu) => `gpu${gpu.index ?? 0}`;

function showNetwork(total, list) {
  byId('network').hidden = !total && !(list?.length > 0);
  const rows = (list ?? []).filter((network) => network.physical || network.receive_bytes_total > 0);
  byId('network-chart').hidden = !total;
  byId('networks').replaceChildren(table(
    [['Interface'], ['Received', 'number'], ['Sent', 'number'], ['Link', 'number optional']],
    rows.map((network) => {
      const lost = ['receive_errors', 'transmit_errors', 'receive_drops', 'transmit_drops']
        .map((key) => network[`${key}_per_sec`] ?? 0).reduce((sum, value) => sum + value, 0);
      const label = element('span', {}, named(network.device));
      if (lost > 0) label.append(element('small', { className: 'warn-text', text: ` ${format.decimal(lost, 1)} lost/s` }));
      return [label, format.rate(network.receive_bytes_per_sec), format.rate(network.transmit_bytes_per_sec), link(network)];
    })));
}

function link(network) {
  if (network.state === 'down') return 'down';
  const speed = network.speed_mbps;
  if (!Number.isFinite(speed)) return network.state === 'up' ? 'up' : format.absent;
  return speed >= 1000 ? `${speed / 1000} Gbit/s` : `${speed} Mbit/s`;
}

function showDisks(total, list) {
  byId('disk').hidden = !total && !(list?.length > 0);
  byId('disk-chart').hidden = !total;
  byId('disks').replaceChildren(table(
    [['Disk'], ['Read', 'number'], ['Written', 'number'], ['Busy', 'number optional']],
    (list ?? []).map((disk) => {
      const label = named(disk.name ?? disk.device);
      label.title = [disk.device, disk.model].filter(Boolean).map(format.name).join(' · ');
      return [label, format.rate(disk.read_bytes_per_sec), format.rate(disk.write_bytes_per_sec), format.percent(disk.busy)];
    })));
}

function showFilesystems(list) {
  byId('filesystems-card').hidden = !(list?.length > 0);
  byId('filesystems').replaceChildren(...(list ?? []).map((filesystem) => {
    const isKnown = Number.isFinite(filesystem.total_mb);
    const label = element('span', {}, named(filesystem.mountpoint));
    if (filesystem.read_only) label.append(element('small', { className: 'quiet', text: ' read-only' }));
    const row = bar({
      label, ratio: filesystem.usage, state: Number.isFinite(filesystem.age_seconds) ? 'none' : undefined,
      figure: isKnown
        ? `${format.percent(filesystem.usage)} · ${format.mebibytes(filesystem.available_mb)} free` : format.absent,
      title: format.name(`${filesystem.device} ${filesystem.fstype}`),
    });
    const notes = [
      filesystem.error, Number.isFinite(filesystem.age_seconds) && `figures ${format.duration(filesystem.age_seconds)} old`,
      filesystem.inodes_usage >= 0.9 && `${format.percent(filesystem.inodes_usage)} of inodes in use`,
    ].filter(Boolean);
    if (notes.length > 0) row.append(element('small', { className: 'warn-text note', text: format.name(notes.join(' · ')) }));
    return row;
  }));
}

function showLoad(load, pressure) {
  byId('load').hidden = !load && !pressure;
  byId('load-figures').replaceChildren(...(load ? [
    figure('1 min', format.decimal(load.load1, 2)), figure('5 min', format.decimal(load.load5, 2)),
    figure('15 min', format.decimal(load.load15, 2)),
    ...(Number.isFinite(load.running) ? [figure('running', format.decimal(load.running, 0))] : []),
    ...(Number.isFinite(load.blocked) ? [figure('blocked', format.decimal(load.blocked, 0))] : []),
  ] : []));
  const rows = [['cpu', 'CPU'], ['memory', 'memory'], ['io', 'I/O'], ['irq', 'interrupts']].flatMap(([key, label]) =>
    [['some', 'some tasks'], ['full', 'all tasks']].map(([kind, whose]) => {
      const stall = pressure?.[key]?.[kind];
      const ratio = stall?.ratio ?? stall?.avg10;
      return Number.isFinite(ratio) && (kind === 'some' || ratio >= 0.0005 || !pressure[key].some)
        ? bar({ label: `${whose} waited for ${label}`, ratio, figure: format.percent(ratio), state: pressureLevel(ratio) })
        : null;
    })).filter(Boolean);
  byId('pressure').replaceChildren(...rows);
}

// Any lasting stall is felt; a tenth of the time lost is much.
const pressureLevel = (ratio) => (ratio >= 0.3 ? 'bad' : ratio >= 0.1 ? 'warn' : 'good');

function showLimits(cgroup) {
  const isLimited = cgroup && [cgroup.cpu_limit_cores, cgroup.memory_limit_mb].some(Number.isFinite);
  byId('limits').hidden = !isLimited;
  if (!isLimited) return;
  setText(byId('limits-path'), format.name(cgroup.path));
  byId('limits-bars').replaceChildren(...[
    Number.isFinite(cgroup.cpu_limit_cores) && bar({
      label: 'CPU', ratio: cgroup.cpu_usage,
      figure: `${format.decimal(cgroup.cpu_cores, 2)} of ${format.decimal(cgroup.cpu_limit_cores, 2)} CPUs`,
    }),
    cgroup.throttled > 0 && bar({ label: 'held back', ratio: cgroup.throttled, figure: format.percent(cgroup.throttled) }),
    Number.isFinite(cgroup.memory_limit_mb) && bar({
      label: 'Memory', ratio: cgroup.memory_usage,
      figure: format.part(cgroup.memory_used_mb, cgroup.memory_limit_mb),
    }),
  ].filter(Boolean));
}

function showSensors({ temperatures = [], fans = [], powers = [] }) {
  const others = [
    ...powers.filter((power) => Number.isFinite(power.watts)).map((power) => [power, format.watts(power.watts)]),
    ...fans.map((fan) => [fan, `${format.decimal(fan.rpm, 0)} rpm`]),
  ].map(([{ chip, sensor }, text]) => figure(format.name(`${chip} ${sensor}`), text));
  byId('sensors-card').hidden = temperatures.length + others.length === 0;
  byId('sensors').replaceChildren(...others);
  byId('temperatures').replaceChildren(...temperatures.map((sensor) => {
    const limit = sensor.critical_celsius ?? sensor.high_celsius;
    const state = sensor.celsius >= (sensor.critical_celsius ?? 95) ? 'bad'
      : sensor.celsius >= (sensor.high_celsius ?? 85) ? 'warn' : 'good';
    return bar({
      label: element('span', {}, named(sensor.chip), ' ', named(sensor.sensor, 'quiet')), state,
      ratio: sensor.celsius / (limit ?? 100),
      figure: `${format.celsius(sensor.celsius)}${Number.isFinite(limit) ? ` of ${format.celsius(limit)}` : ''}`,
    });
  }));
}

const orders = {
  cpu: (process) => process.cpu,
  memory: (process) => process.rss_bytes,
  io: (process) => io(process),
};
let order = 'cpu';

const io = ({ read_bytes_per_sec: read, write_bytes_per_sec: write }) =>
  Number.isFinite(read) || Number.isFinite(write) ? (read ?? 0) + (write ?? 0) : undefined;

function showProcesses(processes) {
  byId('processes-card').hidden = !processes;
  if (!processes) return;
  const counts = [
    ['running', processes.running], ['blocked', processes.blocked], ['stopped', processes.stopped],
    ['zombie', processes.zombie],
  ].filter(([, count]) => count > 0).map(([state, count]) => `${count} ${state}`);
  setText(byId('processes-note'),
    [`${processes.total} in all, ${processes.threads} threads`, ...counts].join(' · '));
  const measure = (process) => orders[order](process) ?? -1;
  const rows = [...(processes.top ?? [])].sort((left, right) => measure(right) - measure(left)).slice(0, 12);
  byId('processes').tBodies[0].replaceChildren(...rows.map((process) => {
    const label = element('td', { className: 'grow' }, named(process.name));
    if (process.service) label.append(' ', named(process.service, 'quiet'));
    return element('tr', {},
      element('td', { className: 'number optional', text: String(process.pid) }), label,
      element('td', { className: 'optional' }, named(process.user)),
      element('td', { className: 'number', text: format.percent(process.cpu) }),
      element('td', { className: 'number', text: format.bytes(process.rss_bytes) }),
      element('td', { className: 'number', text: format.rate(io(process)) }));
  }));
}

for (const button of document.querySelectorAll('[data-order]')) {
  button.addEventListener('click', () => {
    order = button.dataset.order;
    for (const other of document.querySelectorAll('[data-order]')) {
      other.setAttribute('aria-pressed', String(other === button));
    }
    if (newest) showProcesses(newest.processes);
  });
}

// MARK: Samples

let interval = 30;
let points = [];
let newest = null;

// Of a sample, only what the charts draw is kept.
function point(sample) {
  const result = {
    time: Date.parse(sample.timestamp) / 1000,
    cpu: sample.cpu?.usage, ram: sample.ram?.usage,
    receive: sample.network?.receive_bytes_per_sec, transmit: sample.network?.transmit_bytes_per_sec,
    read: sample.disk?.read_bytes_per_sec, write: sample.disk?.write_bytes_per_sec,
  };
  for (const gpu of sample.gpus ?? (sample.gpu ? [sample.gpu] : [])) result[gpuKey(gpu)] = gpu.util;
  return result;
}

// Five minutes, or as many samples' worth where they are far apart.
const span = () => Math.max(300, interval * 120);

function show(sample) {
  newest = sample;
  const { host } = sample;
  const title = host?.hostname ? format.name(host.hostname) : 'Worker Monitoring Agent';
  setText(byId('hostname'), title);
  const usage = Number.isFinite(sample.cpu?.usage) ? `${format.percent(sample.cpu.usage)} · ` : '';
  document.title = `${usage}${title}`;
  setText(byId('system'), [
    host?.os, host?.kernel, host?.product, Number.isFinite(host?.uptime_seconds) && `up ${format.duration(host.uptime_seconds)}`,
  ].filter(Boolean).map(format.name).join(' · '));
  showCPU(sample.cpu);
  showMemory(sample.ram, sample.swap);
  showGPUs(sample);
  showNetwork(sample.network, sample.networks);
  showDisks(sample.disk, sample.disks);
  showFilesystems(sample.filesystems);
  showLoad(sample.load, sample.pressure);
  showLimits(sample.cgroup);
  showSensors(sample);
  showProcesses(sample.processes);
  const { agent } = sample;
  setText(byId('agent'), agent ? [
    `agent ${format.name(agent.version)}`, Number.isFinite(agent.cpu_cores) && `${format.percent(agent.cpu_cores)} of a CPU`,
    Number.isFinite(agent.rss_bytes) && format.bytes(agent.rss_bytes), `a sample every ${format.duration(interval)}`,
  ].filter(Boolean).join(' · ') : '');
  draw();
}

function draw() {
  const last = points.at(-1);
  if (!last) return;
  // A sample that is a tick late is no gap; two ticks are.
  const frame = { now: last.time, span: span(), gap: interval * 1.9, spanText: format.duration(span()) };
  for (const chart of Object.values(charts)) chart.draw(points, frame);
  for (const tile of gpuTiles.values()) tile.chart.draw(points, frame);
}

// MARK: Asking

// The agent's clock less this browser's, in seconds, by the Date header: the two may be set differently.
let clockOffset = 0;
let answered = performance.now();
let isAnswering = null;
let pending = null;

async function ask(path) {
  const response = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(10000) });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  const date = Date.parse(response.headers.get('Date') ?? '');
  // The header is cut to whole seconds; half of one is its mean error.
  if (Number.isFinite(date)) clockOffset = date / 1000 + 0.5 - Date.now() / 1000;
  return response.json();
}

const now = () => Date.now() / 1000 + clockOffset;

async function refill() {
  let history = await ask('../metrics/history?seconds=300');
  interval = history.interval_sec;
  if (span() > 300) history = await ask(`../metrics/history?seconds=${span()}`);
  if (history.samples.length === 0) return;
  points = history.samples.map(point);
  show(history.samples.at(-1));
}

async function poll() {
  const last = points.at(-1);
  if (!last) return refill();
  const sample = await ask('../metrics/latest');
  const next = point(sample);
  if (next.time === last.time) return undefined;
  // Samples were missed, or the clock was set back: the history knows.
  if (next.time < last.time || next.time - last.time > interval * 1.5) return refill();
  points.push(next);
  while (points.length > 0 && points[0].time < next.time - span() - interval) points.shift();
  return show(sample);
}

let isRunning = false;

async function turn() {
  if (isRunning) return;
  isRunning = true;
  clearTimeout(pending);
  try {
    await poll();
    answered = performance.now();
    isAnswering = true;
  } catch {
    isAnswering = false;
  }
  isRunning = false;
  showState();
  if (document.hidden) return;
  const last = points.at(-1);
  // Shortly after the next sample is due, so that it is shown while it is new.
  const due = last ? last.time + interval + 0.3 - now() : 1;
  const wait = isAnswering ? Math.min(interval, Math.max(0.5, due)) : Math.min(5, interval);
  pending = setTimeout(turn, wait * 1000);
}

// MARK: State

function showState() {
  const pill = byId('state');
  const last = points.at(-1);
  const silence = (performance.now() - answered) / 1000;
  const age = last ? now() - last.time : NaN;
  let [state, text, moment] = ['wait', 'connecting', ''];
  if (isAnswering === false) {
    [state, text] = ['dead', 'no answer'];
    moment = `no answer for ${format.duration(silence)}`;
    if (last) moment += ` · figures of ${clockTime(last.time)}`;
  } else if (last && age > interval * 2 + 3) {
    [state, text, moment] = ['stale', 'stale', `the newest figures are ${format.duration(age)} old`];
  } else if (last) {
    [state, text, moment] = ['live', 'live', clockTime(last.time)];
  } else if (isAnswering) {
    [state, text] = ['wait', 'no sample yet'];
  }
  pill.dataset.state = state;
  // Only a change of state is read out, not every second of it.
  setText(pill, text);
  setText(byId('moment'), moment);
  document.body.classList.toggle('old', state === 'dead' || state === 'stale');
}

const clockTime = (seconds) => new Date(seconds * 1000).toLocaleTimeString();

document.addEventListener('visibilitychange', () => {
  if (document.hidden) clearTimeout(pending);
  else turn();
});
setInterval(() => {
  if (!document.hidden) showState();
}, 1000);
turn();
