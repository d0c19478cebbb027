// Samples as they are taken: /metrics/stream, read with fetch, since an EventSource cannot send a token. The page has this
// module come before all others: the first sample is on its way while they are.

import { request } from './api.js';

// The agent sends a comment every 15 s at least.
const silence = 20000;
const waits = [300, 1000, 2000, 4000, 8000];
// The agent can replay this many seconds at most; what is older is asked for as columns.
const replay = 240000;

function open(controller, headers = {}) {
  return request('metrics/stream?interval=1', { signal: controller.signal, headers: { Accept: 'text/event-stream', ...headers } });
}

// The first request; what it comes to nothing for, a token that is missing, the next one tells.
const first = new AbortController();
let opened = open(first).catch(() => null);

export class Stream {
  // onsample(sample); onstate('live' | 'lost').
  constructor({ onsample, onstate }) {
    this.onsample = onsample;
    this.onstate = onstate;
    this.lastID = null;
    this.failures = 0;
    this.run = 0;
    addEventListener('online', () => {
      this.failures = 0;
      if (this.isRunning) this.start();
    });
  }

  start() {
    this.stop();
    this.isRunning = true;
    this.read(this.run);
  }

  stop() {
    this.controller?.abort();
    clearTimeout(this.retry);
    this.isRunning = false;
    this.run += 1;
  }

  async read(run) {
    const early = opened;
    opened = null;
    const controller = (this.controller = early ? first : new AbortController());
    let watchdog;
    const heard = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => controller.abort(), silence);
    };
    try {
      heard();
      const isReplayed = this.lastID && Date.now() - this.heardAt < replay;
      const response = await early ?? await open(controller, isReplayed ? { 'Last-Event-ID': this.lastID } : {});
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      const parser = new EventParser((event) => this.receive(event));
      for (;;) {
        const { done, value } = await reader.read();
        if (run !== this.run) return;
        if (done) break;
        heard();
        parser.push(value);
      }
    } catch (error) {
      if (run !== this.run) return;
      this.error = error;
    } finally {
      clearTimeout(watchdog);
    }
    this.onstate('lost');
    const wait = waits[Math.min(this.failures, waits.length - 1)];
    this.failures += 1;
    this.retry = setTimeout(() => this.start(), wait);
  }

  receive({ id, data }) {
    let sample;
    try { sample = JSON.parse(data); } catch { return; }
    this.failures = 0;
    this.heardAt = Date.now();
    if (id) this.lastID = id;
    this.onsample(sample);
    this.onstate('live');
  }
}

// Server-sent events (WHATWG HTML §9.2.6), as far as they come: id and data.
export class EventParser {
  constructor(onevent) {
    this.onevent = onevent;
    this.rest = '';
    this.event = { id: '', data: [] };
  }

  push(text) {
    // A line may end with CR, LF or both; a CR at the end of a piece waits for its LF.
    const all = this.rest + text;
    const lines = all.split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop();
    for (const line of lines) this.line(line);
  }

  line(line) {
    if (line === '') {
      if (this.event.data.length > 0) this.onevent({ id: this.event.id, data: this.event.data.join('\n') });
      this.event.data = [];
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (field === 'data') this.event.data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.event.id = value;
  }
}
