// The page: follows the agent's samples, shows the newest or one of the past, and the state of the connection.

import { Refused, access, getJSON, request } from './api.js';
import { ready } from './catalog.js';
import { byId, h, joined, keyed, setAttribute, setHidden, setText, visible } from './dom.js';
import * as format from './format.js';
import { Events } from './events.js';
import { ComparePanel } from './panel-compare.js';
import { CPUPanel } from './panel-cpu.js';
import { GPUPanel } from './panel-gpu.js';
import { MemoryPanel } from './panel-memory.js';
import { NetworkPanel } from './panel-network.js';
import { Alerts } from './panel-alerts.js';
import { EventPanel } from './panel-events.js';
import { Overview, busiest } from './panel-overview.js';
import { ProcessPanel } from './panel-processes.js';
import { SensorsPanel } from './panel-sensors.js';
import { DiskPanel, FilesystemPanel } from './panel-storage.js';
import { AgentPanel, LimitsPanel, SystemPanel } from './panel-system.js';
import { WastePanel } from './panel-waste.js';
import { WorkloadPanel } from './panel-workloads.js';
import { Plot, drawAll, drawForPrint, drawLive, drawn, isSeen, showPointers } from './plot.js';
import { Store } from './store.js';
import { Stream } from './stream.js';
import { currentLanguage, currentLocale, failure, nextLanguage, t } from './text.js';
import { theme } from './theme.js';
import { showToken } from './token.js';
import { View, ranges } from './view.js';

// A hidden tab stops following after this many milliseconds; sooner where it holds a connection of its own.
const [hiddenPause, alonePause] = [60000, 2000];
// Samples in a row that have to be missing before the agent counts as silent.
const missing = 3;
// Milliseconds in which the stream has to give its first one.
const firstSample = 10000;

const store = new Store(drawAll, drawLive);
const view = new View(() => (Number.isFinite(store.now) ? store.now : Date.now() / 1000));
const events = new Events(() => {
  drawAll();
  show(past ? past.sample : newest);
});
const context = { store, view, events, t, isPast: () => view.moment !== null };

let newest = null;
// By performance.now(): when the newest sample came, when the stream last gave one, and since when the page follows it.
let [newestAt, heardAt, followedAt] = [0, -Infinity, performance.now()];
// Milliseconds between the last samples of the stream.
let gaps = [1000, 1000];
let isLost = false;
// The sample at a time in the past, or the reason for its absence.
let past = null;
let panels = [];
// Buttons that scroll to the cards.
let sections = [];
let drawnCards = 5;
let hasShown = false;

// MARK: Samples

const timeOf = (sample) => Date.parse(sample.timestamp) / 1000;

const stream = new Stream({
  async onsample(sample, isLive) {
    await ready;
    const time = timeOf(sample);
    if (!Number.isFinite(time) || (newest && time < timeOf(newest))) return;
    const before = connection();
    const now = performance.now();
    if (isLive) {
      gaps = [gaps[1], Math.min(Math.max(1000, now - heardAt), 60000)];
      heardAt = now;
      isLost = false;
    }
    if (newest?.timestamp !== sample.timestamp) newestAt = now;
    newest = sample;
    if (view.moment === null) store.setShown(sample, time);
    // The events of missed samples did not come with any.
    if (store.isMissingBefore(time)) events.renew(view.window);
    store.append(sample, time);
    events.append(sample);
    if (view.moment === null) show(sample);
    if (before !== 'live') begin();
    showState();
  },
  onlost() {
    isLost = true;
    showState();
    showBanner();
  },
});

// 'locked', 'wait', 'live'; 'lost': the connection is cut; 'silent': it stands, but samples are missing.
function connection() {
  if (access.isLocked) return 'locked';
  // A hidden tab asks now and then.
  if (newest && !stream.isRunning) return isLost ? 'lost' : 'live';
  const now = performance.now();
  const limit = missing * Math.min(...gaps) + 500;
  if (!newest || (heardAt < 0 && now - followedAt < firstSample)) return 'wait';
  if (isLost) return 'lost';
  return now - Math.max(heardAt, followedAt) > limit ? 'silent' : 'live';
}

function follow() {
  followedAt = performance.now();
  if (document.hidden && stream.isAlone) glance();
  else stream.start();
}

function show(sample) {
  if (past && !sample) for (const panel of panels) panel.showAbsent?.();
  // A tab that was opened in the background is filled once.
  if (!sample || (document.hidden && hasShown)) return;
  hasShown = true;
  const { host = {}, timestamp } = sample;
  setText(byId('hostname'), visible(host.hostname ?? location.host));
  setHidden(byId('demo'), host.demo !== true);
  setAttribute(document.body, 'data-demo', host.demo === true && 'true');
  setText(byId('system'), joined(host.demo ? t('simulated') : host.os, host.kernel, host.architecture, host.product, host.uptime_seconds >= 0 && t('up', format.duration(host.uptime_seconds))));
  setAttribute(byId('moment'), 'data-time', timestamp);
  for (const panel of panels.slice(0, drawnCards)) panel.update(sample);
  for (const { panel, node } of sections) setHidden(node, panel.node.hidden);
  if (document.hidden) return;
  if (drawnCards < panels.length) requestAnimationFrame(() => setTimeout(showRest));
}

// The panels below the screen are filled after the first frame.
function showRest() {
  drawnCards = panels.length;
  show(past ? past.sample : newest);
}

let loadTimer;
// Loads the history of the shown time; while a window moves, not at each step.
function load(wait = 0) {
  clearTimeout(loadTimer);
  loadTimer = setTimeout(async () => {
    const { from, to } = view.window;
    events.show(from, to);
    await store.show(from, to);
    showBanner();
  }, wait);
}

// Samples of the past that were requested lately.
const moments = new Map();
async function travel() {
  const at = view.moment;
  past = null;
  if (at !== null) {
    let [sample, message] = [moments.get(at), ''];
    try {
      sample ??= await getJSON(`metrics/at?time=${at}`);
      moments.set(at, sample);
      if (moments.size > 60) moments.delete(moments.keys().next().value);
    } catch (error) {
      message = error instanceof Refused && error.status === 404 ? t('noMoment') : t('historyFailed', failure(error));
    }
    await ready;
    if (view.moment !== at) return;
    // The agent was away, or its history is coarser there: the panels show the sample before.
    if (sample && at - timeOf(sample) > store.reach) message = t('earlierMoment', format.time(timeOf(sample), 'second'));
    past = { sample, message };
  }
  const shown = past ? past.sample : newest;
  store.setShown(shown, shown ? timeOf(shown) : NaN);
  setAttribute(document.body, 'data-absent', past && !past.sample && 'true');
  show(shown);
  showPointers();
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

// MARK: Header

let icon = '';
let iconAt = -Infinity;
function showTitle(state) {
  const host = visible(newest?.host?.hostname ?? location.host);
  const title = state === 'live' ? `${format.percent(newest.cpu?.usage)} · ${host}` : state === 'locked' ? `🔒 ${host}` : state === 'wait' ? host : `⚠ ${host}`;
  if (document.title !== title) document.title = title;
  if (state !== 'live') return;
  // An icon is a request to the agent: seldom is enough.
  const name = `favicon-${Math.round(Math.min(1, busiest(newest)) * 4)}.svg`;
  if (name === icon || performance.now() - iconAt < 10000) return;
  [icon, iconAt] = [name, performance.now()];
  byId('icon').setAttribute('href', name);
}

function stateText(state) {
  const age = format.duration((performance.now() - newestAt) / 1000);
  switch (state) {
    case 'locked': return t('locked');
    case 'lost': return t('lostFor', age);
    case 'silent': return t('silentFor', age);
    case 'live': return t(view.isLive ? 'live' : 'goLive');
    default: return t(stream.failures > 1 ? 'lostConnection' : 'connecting');
  }
}

let announced = 'wait';
function showState() {
  const state = connection();
  showTitle(state);
  // A hidden tab writes changes of the state only.
  if (document.hidden && state === announced) return;
  const isPast = view.moment !== null;
  const isDown = ['lost', 'silent', 'locked'].includes(state);
  setAttribute(byId('state'), 'data-state', state === 'silent' ? 'lost' : state);
  setText(byId('state'), stateText(state));
  setAttribute(byId('live'), 'aria-pressed', String(state === 'live' && view.isLive));
  // The age counts on every second; only the change is announced.
  if (state !== announced && !(announced === 'wait' && state === 'live')) {
    setText(byId('announcement'), { locked: t('locked'), lost: t('disconnected'), silent: t('silent'), live: t('live') }[state] ?? '');
  }
  announced = state;
  setAttribute(document.body, 'data-stale', newest && isDown && !isPast && 'true');
  setAttribute(document.body, 'data-past', isPast && 'true');
  setHidden(byId('ranking'), view.ranked === null);
  showMoment();
  for (const button of byId('ranges').children) setAttribute(button, 'aria-pressed', String(Number(button.dataset.span) === view.span));
}

function showMoment() {
  const moment = view.moment ?? (newest ? timeOf(newest) : NaN);
  const node = byId('moment');
  setText(node, format.time(moment, 'second', theme.isPrinting));
  setText(byId('zone'), format.zone(moment));
  if (!Number.isFinite(moment)) return;
  setAttribute(node, 'datetime', new Date(moment * 1000).toISOString());
  const title = `${format.time(moment, 'second', true)} ${format.zoneName()}`;
  if (node.parentElement.title !== title) node.parentElement.title = title;
}

let linkError = '';
function showBanner() {
  const message = linkError || past?.message || (stream.error && isLost ? t('streamFailed', failure(stream.error)) : '')
    || (store.error && connection() === 'live' ? t('historyFailed', visible(failure(store.error))) : '');
  setHidden(byId('banner'), !message);
  setText(byId('banner'), message);
}

// Missing samples, and the age of the shown one.
let stateAt = 'wait';
setInterval(() => {
  if (!stream.isRunning) return;
  const state = connection();
  if (state !== stateAt || ['lost', 'silent'].includes(state)) showState();
  stateAt = state;
}, 500);

access.onchange(() => {
  showState();
  showBanner();
});

// MARK: The page itself

// Cards stand in columns without holes: each takes as many thin rows as it is high.
const heights = new ResizeObserver((entries) => {
  const gap = parseFloat(getComputedStyle(byId('main')).paddingTop);
  for (const { target, borderBoxSize } of entries) target.style.gridRowEnd = `span ${Math.ceil((borderBoxSize[0].blockSize + gap) / 4)}`;
});

const gestureKeys = [['← →', 'arrows'], ['L, Esc', 'live'], ['+ −', 'zoom'], ['1 … 8', 'range'], ['/', 'filter'], ['T', 'theme'],
  ['●', 'click'], ['●━━', 'drag'], ['↕', 'wheel'], ['● ●', 'double']];

// Builds everything outside of the panels that has words in it, in the chosen language.
function buildHeader() {
  document.documentElement.lang = currentLanguage();
  format.setLocale(currentLocale(), Object.fromEntries(['d', 'h', 'min', 's'].map((unit) => [unit, t(`unit.${unit}`)])));
  for (const node of document.querySelectorAll('[data-text]')) setText(node, t(node.dataset.text));
  for (const node of document.querySelectorAll('[data-label]')) {
    const { label, key } = node.dataset;
    node.setAttribute('aria-label', t(label));
    node.title = key ? `${t(label)} (${key})` : t(label);
  }
  showTheme();
  showToken();
  byId('live').title = `${t('goLive')} (L)`;
  keyed(byId('ranges'), ranges, ([name]) => name, ([, span]) => h('button', { type: 'button', 'data-span': span, onclick: () => view.choose(span) }),
    (node, [name]) => setText(node, t(name)));
  byId('keys').replaceChildren(...gestureKeys.flatMap(([key, text]) => [h('dt', { text: key }), h('dd', { text: t(`key.${text}`) })]));
  showState();
  showBanner();
}

function buildPanels() {
  const main = byId('main');
  Plot.removeAll(main);
  heights.disconnect();
  const [alerts, overview] = [new Alerts(context), new Overview(context)];
  // GPUs first, where there are any.
  const cards = [GPUPanel, CPUPanel, MemoryPanel, SystemPanel, NetworkPanel, DiskPanel, FilesystemPanel, SensorsPanel, WorkloadPanel, EventPanel, ProcessPanel, ComparePanel,
    WastePanel, LimitsPanel, AgentPanel]
    .map((Type) => new Type(context));
  panels = [alerts, overview, ...cards];
  main.replaceChildren(alerts.node, overview.node, h('div', { class: 'cards' }, ...cards.map((panel) => panel.node)));
  for (const panel of cards) heights.observe(panel.node);
  sections = cards.map((panel) => {
    // The address's fragment is the shown time, so that links to places on the page would change it.
    const node = h('button', { type: 'button', class: 'link', text: panel.heading.textContent, onclick: () => panel.node.scrollIntoView({ block: 'start' }) });
    return { panel, node };
  });
  byId('sections').replaceChildren(...sections.map(({ node }) => node));
  show(past ? past.sample : newest);
}

function showTheme() {
  const text = t('theme', t(`theme.${theme.choice}`));
  setText(byId('theme'), { auto: '◐', light: '○', dark: '●' }[theme.choice]);
  byId('theme').setAttribute('aria-label', text);
  byId('theme').title = `${text} (T)`;
}

// Shows the sample before or after the shown one.
function step(direction, count = 1) {
  let moment = view.moment ?? (direction < 0 ? store.now : Infinity);
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
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog:modal')) return;
  // A select takes letters and arrows, too.
  if (event.target.closest?.('input, select')) {
    if (event.key === 'Escape') event.target.blur();
    return;
  }
  const command = commands[event.key] ?? commands[event.key.toLowerCase()];
  if (!command) return;
  event.preventDefault();
  command(event);
});

const clicks = {
  earlier: () => step(-1), later: () => step(1), theme: nextTheme,
  live: () => (access.isLocked ? byId('token-input').focus() : view.live()),
  ranking: () => byId('panel-workloads').scrollIntoView({ block: 'start' }),
  'help-button': () => byId('help').showModal(), 'help-close': () => byId('help').close(),
  language() {
    nextLanguage();
    buildHeader();
    ready.then(buildPanels);
  },
  // The address's fragment is the shown time, not a place on the page.
  skip(event) {
    event.preventDefault();
    byId('main').focus();
  },
};
for (const [id, command] of Object.entries(clicks)) byId(id).addEventListener('click', command);

// A plain link cannot send a token: its response is loaded here and shown in a tab of its own.
async function openLink(event) {
  const link = event.target.closest('a');
  if (!link || event.button > 1 || (access.token === null && !access.isLocked)) return;
  event.preventDefault();
  if (access.isLocked) {
    byId('token-input').focus();
    return;
  }
  // Opened before the request: later, the browser would block it as a popup.
  const tab = open('', '_blank');
  try {
    const url = URL.createObjectURL(await (await request(link.href)).blob());
    (tab ?? window).location.replace(url);
    linkError = '';
  } catch (error) {
    tab?.close();
    linkError = t('linkFailed', link.textContent, visible(failure(error)));
  }
  showBanner();
}
for (const kind of ['click', 'auxclick']) byId('links').addEventListener(kind, openLink);

// A hidden tab does not draw. After a while it stops following, and requests a sample now and then for its title; the samples
// between are loaded when it is seen again.
let hiddenTimer;
async function glance() {
  hiddenTimer = setTimeout(glance, Math.max(hiddenPause, store.interval * 1000));
  stream.stop();
  if (access.isLocked) return;
  try {
    newest = await getJSON('metrics/latest', { signal: AbortSignal.timeout(20000) });
    [isLost, newestAt] = [false, performance.now()];
  } catch {
    isLost = true;
  }
  if (document.hidden) showState();
}
function seen() {
  clearTimeout(hiddenTimer);
  if (document.hidden) {
    hiddenTimer = setTimeout(glance, stream.isAlone ? alonePause : hiddenPause);
    return;
  }
  // The worker drops a tab that was frozen.
  if (!stream.isRunning || !stream.isAlone) follow();
  show(past ? past.sample : newest);
  showState();
  drawAll();
}
document.addEventListener('visibilitychange', seen);
document.addEventListener('resume', () => !document.hidden && seen());
// A page that the browser keeps for the way back would keep its stream, too.
addEventListener('pagehide', () => stream.stop());
addEventListener('pageshow', ({ persisted }) => persisted && follow());

// On paper: in light colors, every chart drawn, and the time with its date.
addEventListener('beforeprint', () => {
  theme.print(true);
  drawnCards = panels.length;
  show(past ? past.sample : newest);
  drawForPrint();
  showMoment();
});
addEventListener('afterprint', () => {
  theme.print(false);
  showMoment();
  drawAll();
});

// The age of the oldest sample decides which ranges are of use, and the first one where the address has none.
async function explore() {
  view.first = await store.extent();
  const age = view.clock() - view.first;
  if (!(age >= 0)) return;
  const useful = Math.max(3, ranges.findIndex(([, span]) => span >= age));
  [...byId('ranges').children].forEach((button, index) => setHidden(button, index > useful && index < ranges.length - 1));
  if (!view.isChosen && view.isLive) view.span = [300, 900, 3600].find((seconds) => seconds >= age) ?? 3600;
  view.changed();
}

// The first sample comes first; then the age of the oldest one, since the range may depend on it; then the history.
let hasBegun = false;
async function begin() {
  if (!hasBegun) {
    hasBegun = true;
    await explore().catch(() => { /* all ranges stay */ });
  }
  load();
}

buildHeader();
ready.then(buildPanels);
follow();
// A range in the address does not depend on the age of the oldest sample.
if (view.isChosen) load();
setTimeout(() => hasBegun || begin(), 1000);
if (view.moment !== null) travel();

// For tests and measurements.
globalThis.agentPage = { store, view, events, stream, drawn, drawAll, isSeen, heardAt: () => heardAt };
