// The page: follows the agent's samples, shows the newest or one of the past, and says what does not come. All modules are
// named here, so that none is asked for only when another has come.

import { Refused, getJSON, onTokenWanted } from './api.js';
import './chart.js';
import { byId, h, joined, keyed, setAttribute, setHidden, setText, visible } from './dom.js';
import * as format from './format.js';
import './gestures.js';
import './heatmap.js';
import { CPUPanel } from './panel-cpu.js';
import { GPUPanel } from './panel-gpu.js';
import { MemoryPanel } from './panel-memory.js';
import { NetworkPanel } from './panel-network.js';
import { Overview, busiest } from './panel-overview.js';
import { ProcessPanel } from './panel-processes.js';
import { SensorsPanel } from './panel-sensors.js';
import { DiskPanel, FilesystemPanel } from './panel-storage.js';
import { AgentPanel, LimitsPanel, SystemPanel } from './panel-system.js';
import './panel.js';
import { Plot, drawAll, drawLive, drawn, showPointers } from './plot.js';
import './series.js';
import { Store } from './store.js';
import { Stream } from './stream.js';
import { currentLanguage, currentLocale, nextLanguage, t } from './text.js';
import { theme } from './theme.js';
import { View, ranges } from './view.js';

// A tab that nobody looks at stops following after this many milliseconds.
const hiddenPause = 60000;

const store = new Store(drawAll, drawLive);
const view = new View(() => (Number.isFinite(store.now) ? store.now : Date.now() / 1000));
const context = { store, view, t, isPast: () => view.at !== null };

let newest = null;
let newestAt = 0;
let isConnected = false;
// The sample of a moment in the past, or why there is none.
let past = null;
let panels = [];
let drawnCards = 5;

// MARK: Samples

const timeOf = (sample) => Date.parse(sample.timestamp) / 1000;

const stream = new Stream({
  onsample(sample) {
    const time = timeOf(sample);
    if (!Number.isFinite(time) || (newest && time < timeOf(newest))) return;
    [newest, newestAt] = [sample, performance.now()];
    store.append(sample, time);
    if (view.at === null) show(sample);
    showState();
  },
  onstate(state) {
    if (isConnected !== (state === 'live')) {
      isConnected = state === 'live';
      if (isConnected) begin();
    }
    showState();
  },
});

function show(sample) {
  if (!sample || document.hidden) return;
  const { host = {}, timestamp } = sample;
  setText(byId('hostname'), visible(host.hostname ?? location.host));
  setHidden(byId('demo'), host.demo !== true);
  setAttribute(document.body, 'data-demo', host.demo === true && 'true');
  setText(byId('system'), joined(host.os, host.kernel, host.architecture, host.product, host.uptime_seconds >= 0 && t('up', format.duration(host.uptime_seconds))));
  setAttribute(byId('moment'), 'data-time', timestamp);
  for (const panel of panels.slice(0, drawnCards)) panel.update(sample);
  if (drawnCards < panels.length) requestAnimationFrame(() => setTimeout(showRest));
}

// What no screen holds comes after the first picture.
function showRest() {
  drawnCards = panels.length;
  show(past ? past.sample : newest);
}

let loadTimer;
// What is shown has to be there; while a window moves, not at each step.
function load(wait = 0) {
  clearTimeout(loadTimer);
  loadTimer = setTimeout(async () => {
    const { from, to } = view.window;
    await store.show(from, to);
    showBanner();
  }, wait);
}

// Moments that were asked for lately are kept.
const moments = new Map();
async function travel() {
  const { at } = view;
  past = null;
  if (at !== null) {
    let [sample, message] = [moments.get(at), ''];
    try {
      sample ??= await getJSON(`metrics/at?time=${at}`);
      moments.set(at, sample);
      if (moments.size > 60) moments.delete(moments.keys().next().value);
    } catch (error) {
      message = error instanceof Refused && error.status === 404 ? t('noMoment') : t('historyFailed', error.message);
    }
    if (view.at !== at) return;
    past = { sample, message };
  }
  show(past ? past.sample : newest);
  showBanner();
}

let travelTimer;
view.onchange(() => {
  showState();
  drawAll();
  load(120);
  clearTimeout(travelTimer);
  travelTimer = setTimeout(travel, 60);
});
view.onpoint = showPointers;

// MARK: What stands above

let icon = '';
let iconAt = -Infinity;
function showTitle() {
  const host = visible(newest.host?.hostname ?? location.host);
  const title = isConnected ? `${format.percent(newest.cpu?.usage)} · ${host}` : `⚠ ${host}`;
  if (document.title !== title) document.title = title;
  // An icon is a request to the agent: seldom is enough.
  const name = `favicon-${Math.round(Math.min(1, busiest(newest)) * 4)}.svg`;
  if (name === icon || !isConnected || performance.now() - iconAt < 10000) return;
  [icon, iconAt] = [name, performance.now()];
  byId('icon').setAttribute('href', name);
}

function showState() {
  if (newest) showTitle();
  if (document.hidden) return;
  const isPast = view.at !== null;
  setAttribute(byId('state'), 'data-state', isConnected ? 'live' : newest ? 'lost' : 'wait');
  setText(byId('state'), isConnected ? t('connected') : newest ? t('lostFor', format.duration((performance.now() - newestAt) / 1000))
    : stream.failures > 1 ? t('lostConnection') : t('connecting'));
  setAttribute(document.body, 'data-stale', newest && !isConnected && !isPast && 'true');
  setAttribute(document.body, 'data-past', isPast && 'true');
  const moment = view.at ?? (newest ? timeOf(newest) : NaN);
  setText(byId('moment'), format.time(moment, isPast ? 'moment' : 'second'));
  setAttribute(byId('live'), 'aria-pressed', String(view.isLive));
  for (const button of byId('ranges').children) setAttribute(button, 'aria-pressed', String(Number(button.dataset.span) === view.span));
}

function showBanner() {
  const message = past?.message || (store.error && isConnected ? t('historyFailed', visible(store.error.message)) : '');
  setHidden(byId('banner'), !message);
  setText(byId('banner'), message);
}

// The age of what is shown goes on while nothing comes.
setInterval(() => !isConnected && showState(), 1000);

// MARK: The page itself

// Cards stand in columns without holes: each takes as many thin rows as it is high.
const heights = new ResizeObserver((entries) => {
  const gap = parseFloat(getComputedStyle(byId('main')).paddingTop);
  for (const { target, borderBoxSize } of entries) target.style.gridRowEnd = `span ${Math.ceil((borderBoxSize[0].blockSize + gap) / 4)}`;
});

const gestureKeys = [['← →', 'arrows'], ['L, Esc', 'live'], ['+ −', 'zoom'], ['1 … 8', 'range'], ['/', 'filter'], ['T', 'theme'],
  ['●', 'click'], ['●━━', 'drag'], ['↕', 'wheel'], ['● ●', 'double']];

// Builds everything that has words in it, in the chosen language.
function build() {
  const main = byId('main');
  Plot.removeAll(main);
  heights.disconnect();
  document.documentElement.lang = currentLanguage();
  format.setLocale(currentLocale(), Object.fromEntries(['d', 'h', 'min', 's'].map((unit) => [unit, t(`unit.${unit}`)])));
  for (const node of document.querySelectorAll('[data-text]')) setText(node, t(node.dataset.text));
  for (const node of document.querySelectorAll('[data-label]')) {
    const { label, key } = node.dataset;
    node.setAttribute('aria-label', t(label));
    node.title = key ? `${t(label)} (${key})` : t(label);
  }
  showTheme();
  keyed(byId('ranges'), ranges, ([name]) => name, ([, span]) => h('button', { type: 'button', 'data-span': span, onclick: () => view.choose(span) }),
    (node, [name]) => setText(node, t(name) ?? name));
  byId('keys').replaceChildren(...gestureKeys.flatMap(([key, text]) => [h('dt', { text: key }), h('dd', { text: t(`key.${text}`) })]));
  const overview = new Overview(context);
  const cards = [CPUPanel, MemoryPanel, SystemPanel, GPUPanel, NetworkPanel, DiskPanel, FilesystemPanel, SensorsPanel, ProcessPanel, LimitsPanel, AgentPanel]
    .map((Type) => new Type(context));
  panels = [overview, ...cards];
  main.replaceChildren(overview.node, h('div', { class: 'cards' }, ...cards.map((panel) => panel.node)));
  for (const panel of cards) heights.observe(panel.node);
  show(past ? past.sample : newest);
  showState();
}

function showTheme() {
  const text = t('theme', t(`theme.${theme.choice}`));
  setText(byId('theme'), { auto: '◐', light: '○', dark: '●' }[theme.choice]);
  byId('theme').setAttribute('aria-label', text);
  byId('theme').title = `${text} (T)`;
}

// The moment before or after the shown one.
function step(direction, count = 1) {
  let moment = view.at ?? (direction < 0 ? store.now : Infinity);
  for (let index = 0; index < count; index += 1) {
    const next = store.neighbour(moment, direction);
    if (Number.isFinite(next)) moment = next;
  }
  if (!Number.isFinite(moment)) return;
  if (direction > 0 && moment >= store.now - 0.5) view.live();
  else view.travel(moment);
}

function nextTheme() {
  theme.next();
  showTheme();
}

function filterProcesses() {
  const field = document.querySelector('#panel-processes input');
  field.scrollIntoView({ block: 'center' });
  field.focus();
}

const commands = {
  ArrowLeft: (event) => step(-1, event.shiftKey ? 10 : 1), ArrowRight: (event) => step(1, event.shiftKey ? 10 : 1),
  l: () => view.live(), Escape: () => view.live(), '+': () => view.scale(0.5), '=': () => view.scale(0.5), '-': () => view.scale(2),
  '/': filterProcesses, t: nextTheme, '?': () => byId('help').showModal(),
};
ranges.forEach(([, span], index) => { commands[index + 1] = () => view.choose(span); });

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  if (event.target.closest?.('input')) {
    if (event.key === 'Escape') event.target.blur();
    return;
  }
  const command = commands[event.key] ?? commands[event.key.toLowerCase()];
  if (!command) return;
  event.preventDefault();
  command(event);
});

const clicks = {
  earlier: () => step(-1), later: () => step(1), live: () => view.live(), theme: nextTheme,
  'help-button': () => byId('help').showModal(), 'help-close': () => byId('help').close(),
  language() {
    nextLanguage();
    build();
  },
  // The address's fragment is the shown time, not a place on the page.
  skip(event) {
    event.preventDefault();
    byId('main').focus();
  },
};
for (const [id, command] of Object.entries(clicks)) byId(id).addEventListener('click', command);

onTokenWanted((isWrong) => new Promise((resolve) => {
  const [dialog, input] = [byId('token'), byId('token-input')];
  setText(byId('token-note'), t(isWrong ? 'tokenWrong' : 'tokenNote'));
  input.value = '';
  dialog.showModal();
  dialog.oncancel = (event) => event.preventDefault();
  byId('token-form').onsubmit = (event) => {
    event.preventDefault();
    dialog.close();
    resolve(input.value.trim());
  };
}));

// A hidden tab draws nothing. After a while it lets go of its stream, of which a browser has but a few to one host, and asks
// now and then, for its title; what it missed comes when it is seen again.
let hiddenTimer;
async function glance() {
  hiddenTimer = setTimeout(glance, Math.max(hiddenPause, store.interval * 1000));
  stream.stop();
  try {
    newest = await getJSON('metrics/latest');
    isConnected = true;
  } catch {
    isConnected = false;
  }
  if (document.hidden && newest) showTitle();
}
document.addEventListener('visibilitychange', () => {
  clearTimeout(hiddenTimer);
  if (document.hidden) {
    hiddenTimer = setTimeout(glance, hiddenPause);
    return;
  }
  if (!stream.isRunning) stream.start();
  show(past ? past.sample : newest);
  showState();
  drawAll();
});
// A page that the browser keeps for the way back would keep its stream, too.
addEventListener('pagehide', () => stream.stop());
addEventListener('pageshow', ({ persisted }) => persisted && stream.start());

// How far back there is anything decides which ranges are of use, and the first one where none was asked for.
async function explore() {
  view.first = await store.extent();
  const age = view.clock() - view.first;
  if (!(age >= 0)) return;
  const useful = Math.max(3, ranges.findIndex(([, span]) => span >= age));
  [...byId('ranges').children].forEach((button, index) => setHidden(button, index > useful && index < ranges.length - 1));
  if (!view.isChosen && view.isLive) view.span = [300, 900, 3600].find((seconds) => seconds >= age) ?? 3600;
  view.changed();
}

// The first figures come first; then how far back there is anything, since the range may depend on it, and the history.
let hasBegun = false;
async function begin() {
  if (!hasBegun) {
    hasBegun = true;
    await explore().catch(() => { /* all ranges stay */ });
  }
  load();
}

build();
stream.start();
// A range that was asked for needs not wait for the first figures, which tell how far back there is anything.
if (view.isChosen) load();
setTimeout(() => hasBegun || begin(), 1000);
if (view.at !== null) travel();

// For tests and measurements.
globalThis.agentPage = { store, view, stream, drawn, drawAll };
