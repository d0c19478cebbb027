// The events of the shown time: from the agent's store, and with the live samples.

import { getJSON } from './api.js';

const atMost = 500;
const keyOf = ({ time, kind, subject }) => `${time} ${kind} ${subject}`;
const secondsOf = ({ time }) => Date.parse(time) / 1000;

export class Events {
  // onchange(): the events changed.
  constructor(onchange) {
    Object.assign(this, { onchange, known: new Map(), asked: null });
  }

  // All known events, newest first.
  get all() { return [...this.known.values()].sort((a, b) => b.at - a.at); }

  take(events, isAnswer = false) {
    const before = this.known.size;
    for (const event of events) {
      const at = secondsOf(event);
      if (Number.isFinite(at) && !this.known.has(keyOf(event))) this.known.set(keyOf(event), { ...event, at });
    }
    if (this.known.size === before) return;
    if (this.known.size > atMost * 4) {
      // An answer's own events stay, else the newest; the window of the others asks for them again.
      const own = isAnswer && new Set(events.map(keyOf));
      const kept = own ? this.all.filter((event) => own.has(keyOf(event))) : this.all.slice(0, atMost * 2);
      this.known = new Map(kept.map((event) => [keyOf(event), event]));
      if (!isAnswer) this.asked = null;
    }
    this.onchange();
  }

  // The events that came with a live sample.
  append({ events }) { if (events?.new?.length > 0) this.take(events.new); }

  // Asks again: live samples were missed, and their events with them.
  renew({ from, to }) {
    this.asked = null;
    return this.show(from, to);
  }

  // Whether events after a time are left out, since an answer has a limit.
  isCut(from) { return this.asked?.isCut === true && this.asked.from > from; }

  // Sees to it that the events of a window of time are known.
  async show(from, to) {
    const { asked } = this;
    if (asked && asked.from <= from + 1 && (asked.to >= to - 1 || asked.isLive)) return;
    const half = (to - from) / 2;
    const now = Date.now() / 1000;
    const window = { from: Math.max(0, from - half), to: to + half, isLive: to + half >= now };
    this.asked = window;
    try {
      // Without an end where the window reaches the present: new ones come with the samples.
      const end = window.isLive ? '' : `&to=${window.to.toFixed(3)}`;
      const { events, truncated } = await getJSON(`events?from=${window.from.toFixed(3)}${end}&limit=${atMost}`);
      // The newest came; a window before them is asked for on its own.
      if (truncated && events.length > 0) Object.assign(window, { from: secondsOf(events.at(-1)), isCut: true });
      this.take(events, true);
    } catch {
      // An agent without a store of events; the next window asks again.
      if (this.asked === window) this.asked = null;
    }
  }

  // The marks between two times, least severe first, and the times of throttling.
  within(from, to) {
    const marks = [];
    const shades = [];
    const open = new Map();
    for (const event of this.all.reverse()) {
      const { kind, subject, at, duration_seconds: duration } = event;
      if (kind === 'throttle_begin') {
        if (!open.has(subject)) open.set(subject, at);
        continue;
      }
      if (kind === 'throttle_end') {
        const begin = open.get(subject) ?? at - (duration ?? 0);
        open.delete(subject);
        shades.push([begin, Number.isFinite(duration) ? begin + duration : at]);
        continue;
      }
      // What throttled before may not do so now.
      if (kind === 'reboot' || kind === 'agent_restart') {
        for (const begin of open.values()) shades.push([begin, at]);
        open.clear();
      }
      if (at >= from && at <= to) marks.push(event);
    }
    for (const begin of open.values()) shades.push([begin, to]);
    const weights = { info: 0, warning: 1, critical: 2 };
    marks.sort((a, b) => weights[a.severity] - weights[b.severity]);
    return { marks, shades: shades.filter(([begin, end]) => end >= from && begin <= to) };
  }
}
