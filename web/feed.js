// The connection to /metrics/stream: read with fetch, since an EventSource cannot send a token. As the script of a SharedWorker
// it serves all tabs of a browser over one connection: HTTP/1.1 has six to a host, and a stream holds one for good.

const path = new URL('../metrics/stream?interval=1', import.meta.url);
// The agent sends a comment every 15 s at least.
const silence = 20000;
const waits = [300, 1000, 2000, 4000, 8000];
// The agent can replay this many milliseconds at most; older samples are requested as columns.
const replay = 240000;

// Server-sent events (WHATWG HTML §9.2.6), as far as they are used: id and data.
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

// One connection with one token, opened again after each failure.
export class Feed {
  // send(message): { sample: text }, { lost: failures, status, error } or { refused: token }.
  constructor(token, send) {
    Object.assign(this, { token, send, failures: 0, run: 0, last: null, id: null });
  }

  start() {
    this.stop();
    this.isOpen = true;
    this.read(this.run);
  }

  stop() {
    this.controller?.abort();
    clearTimeout(this.retry);
    this.isOpen = false;
    this.run += 1;
  }

  async read(run) {
    const controller = (this.controller = new AbortController());
    let watchdog;
    const heard = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => controller.abort(), silence);
    };
    const failure = {};
    try {
      heard();
      const headers = { Accept: 'text/event-stream' };
      if (this.token !== null) headers.Authorization = `Bearer ${this.token}`;
      if (this.id && Date.now() - this.heardAt < replay) headers['Last-Event-ID'] = this.id;
      const response = await fetch(path, { signal: controller.signal, cache: 'no-store', credentials: 'omit', headers });
      if (!response.ok) {
        failure.status = response.status;
        failure.error = await response.json().then(({ error }) => error.message).catch(() => `HTTP ${response.status}`);
      } else {
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        const parser = new EventParser((event) => this.receive(event));
        for (;;) {
          const { done, value } = await reader.read();
          if (run !== this.run) return;
          if (done) break;
          heard();
          parser.push(value);
        }
      }
    } catch { /* the agent is gone, or silent for too long */ } finally {
      clearTimeout(watchdog);
    }
    if (run !== this.run) return;
    this.last = null;
    if (failure.status === 401) {
      this.stop();
      this.send({ refused: this.token });
      return;
    }
    const wait = waits[Math.min(this.failures, waits.length - 1)];
    this.failures += 1;
    this.send({ lost: this.failures, ...failure });
    this.retry = setTimeout(() => this.start(), wait);
  }

  receive({ id, data }) {
    this.failures = 0;
    this.heardAt = Date.now();
    if (id) this.id = id;
    this.last = data;
    this.send({ sample: data });
  }
}

// Serves the tabs that connect to the worker: one feed for each token, open while a tab follows it.
function serve(scope) {
  const feeds = new Map();

  const leave = (tab) => {
    const { feed } = tab;
    tab.feed = null;
    feed?.tabs.delete(tab);
    if (!feed || feed.tabs.size > 0) return;
    feed.stop();
    feeds.delete(feed.token);
  };

  const follow = (tab, token) => {
    if (tab.feed?.token !== token) leave(tab);
    let feed = feeds.get(token);
    if (!feed) {
      const tabs = new Set();
      feed = Object.assign(new Feed(token, (message) => tabs.forEach(({ port }) => port.postMessage(message))), { tabs });
      feeds.set(token, feed);
    }
    feed.tabs.add(tab);
    tab.feed = feed;
    if (!feed.isOpen) feed.start();
    else if (feed.last !== null) tab.port.postMessage({ sample: feed.last });
  };

  // A tab says every 20 s that it is there, or once a minute while it is hidden. One that crashed does not, and not every browser
  // reports its closed port.
  const tabs = new Set();
  setInterval(() => {
    for (const tab of tabs) {
      if (Date.now() - tab.at < 200000) continue;
      leave(tab);
      tabs.delete(tab);
    }
  }, 30000);

  scope.onconnect = ({ ports: [port] }) => {
    const tab = { port, feed: null, at: Date.now() };
    tabs.add(tab);
    port.onclose = () => {
      leave(tab);
      tabs.delete(tab);
    };
    port.onmessage = ({ data }) => {
      tab.at = Date.now();
      tabs.add(tab);
      if (data.follow) follow(tab, data.token);
      else if (data.leave) leave(tab);
      else if (data.again && tab.feed && tab.feed.last === null) tab.feed.start();
      port.postMessage({ here: true });
    };
  };
}

if (globalThis.SharedWorkerGlobalScope && globalThis instanceof SharedWorkerGlobalScope) serve(globalThis);
