// The live samples: from the worker that all tabs of this browser share, or from a connection of this tab where a browser has
// no SharedWorker. The page loads this module before all others, so that the first sample is on its way meanwhile.

import { access, getJSON, refuse } from './api.js';
import { Feed } from './feed.js';

// Milliseconds in which the worker has to answer, and between two messages to it.
const [patience, beat] = [15000, 20000];

function connect() {
  try {
    const worker = new SharedWorker(new URL('feed.js', import.meta.url), { type: 'module', name: 'agent-feed-1' });
    return { worker, port: worker.port };
  } catch {
    return null;
  }
}

let early = connect();
// The newest sample comes sooner than the first of a stream that is still to be opened.
const newest = getJSON('metrics/latest').catch(() => null);

export class Stream {
  // onsample(sample, isLive); onlost({ lost, status, error }).
  constructor({ onsample, onlost }) {
    Object.assign(this, { onsample, onlost, isRunning: false, failures: 0, error: null, shared: null });
    newest.then((sample) => sample && this.onsample(sample, false));
    if (early) this.share(early);
    else this.alone();
    early = null;
    addEventListener('online', () => this.isRunning && (this.shared ? this.post({ again: true }) : this.start()));
    access.onchange(() => this.isRunning && !access.isLocked && this.start());
    setInterval(() => this.beat(), beat);
  }

  // Whether this tab has a connection of its own.
  get isAlone() { return this.shared === null; }

  // Shows the worker that this tab is there, and this tab that the worker is.
  beat() {
    if (this.isRunning && this.shared) this.post();
  }

  share(shared) {
    this.shared = shared;
    shared.port.onmessage = ({ data }) => {
      if (this.shared !== shared) return;
      clearTimeout(this.waiting);
      this.waiting = null;
      this.answered = true;
      if (!data.here && this.isRunning) this.receive(data);
    };
    shared.worker.onerror = () => this.alone();
  }

  // Sends a message to the worker; without an answer, connects again, and then falls back to a connection of this tab.
  post(message = {}) {
    this.shared.port.postMessage(message);
    if (this.waiting) return;
    this.waiting = setTimeout(() => {
      this.waiting = null;
      const other = this.answered ? connect() : null;
      this.answered = false;
      if (other) this.share(other);
      else this.alone();
      if (this.isRunning) this.start();
    }, patience);
  }

  alone() {
    if (this.feed) return;
    clearTimeout(this.waiting);
    this.shared = null;
    this.feed = true;
    if (this.isRunning) this.start();
  }

  start() {
    this.isRunning = true;
    // Stops following, for tests of a page without new samples.
    this.controller = { abort: () => this.stop() };
    if (this.shared) {
      this.post({ follow: true, token: access.token });
      return;
    }
    if (this.feed.token !== access.token || this.feed === true) {
      this.feed.stop?.();
      this.feed = new Feed(access.token, (message) => this.receive(message));
    }
    this.feed.start();
  }

  stop() {
    this.isRunning = false;
    if (this.shared) this.shared.port.postMessage({ leave: true });
    else this.feed.stop?.();
  }

  receive(message) {
    if (message.sample !== undefined) {
      let sample;
      try { sample = JSON.parse(message.sample); } catch { return; }
      Object.assign(this, { failures: 0, error: null });
      this.onsample(sample, true);
    } else if (message.refused !== undefined) {
      refuse(message.refused);
    } else if (message.lost) {
      this.failures = message.lost;
      this.error = message.status ? { status: message.status, message: message.error } : null;
      this.onlost();
    }
  }
}
