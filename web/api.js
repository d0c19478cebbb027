// Requests to the agent that served this page, and its access token. No other host is contacted.

export const root = new URL('..', import.meta.url);

const storages = { tab: () => sessionStorage, browser: () => localStorage };

function stored(place) {
  // A browser may refuse storage; then a token lasts as long as the page.
  try { return storages[place]().getItem('token'); } catch { return null; }
}

let token = stored('tab') ?? stored('browser');
// While the agent refuses the token: { done, unlock }.
let lock = null;
const listeners = new Set();

export const access = {
  get token() { return token; },
  get isLocked() { return lock !== null; },
  onchange(listener) { listeners.add(listener); },
};

const notify = () => listeners.forEach((listener) => listener());

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const authorization = (value) => (value === null ? {} : { Authorization: `Bearer ${value}` });

// The agent refused a token: from now on requests wait for another one.
export function refuse(used) {
  if (used !== token || lock) return;
  let unlock;
  const done = new Promise((resolve) => { unlock = resolve; });
  lock = { done, unlock };
  notify();
}

// Uses another token, kept for the 'page', the 'tab' or the 'browser'.
export function setToken(value, place) {
  token = value;
  for (const [name, storage] of Object.entries(storages)) {
    try {
      if (name === place) storage().setItem('token', value);
      else storage().removeItem('token');
    } catch { /* as above */ }
  }
  unlock();
}

function unlock() {
  lock?.unlock();
  lock = null;
  notify();
}

// A token that another tab stored for this browser opens this one, too.
addEventListener('storage', ({ key, newValue }) => {
  if (key !== 'token' || !newValue || !lock) return;
  token = newValue;
  unlock();
});

// Whether the agent accepts a token. A header field holds visible ASCII only.
export async function accepts(value) {
  if (!/^[\x21-\x7e]+$/.test(value)) return false;
  const response = await fetch(new URL('version', root), { cache: 'no-store', credentials: 'omit', headers: authorization(value) });
  response.body?.cancel();
  return response.status !== 401;
}

const unlocked = (signal) => new Promise((resolve, reject) => {
  lock.done.then(resolve);
  signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
});

// The response to GET, once its status is good; waits for a token where the agent requires one.
export async function request(path, { signal, cache = 'no-store', headers = {} } = {}) {
  for (;;) {
    if (lock) await unlocked(signal);
    const used = token;
    const response = await fetch(new URL(path, root), {
      signal, cache, credentials: 'omit', headers: { ...headers, ...authorization(used) },
    });
    if (response.ok) return response;
    if (response.status === 401) {
      response.body?.cancel();
      refuse(used);
      continue;
    }
    throw new Refused(response.status, await messageOf(response));
  }
}

// The agent's message, or the status where the response is not the agent's own.
export async function messageOf(response) {
  try { return (await response.json()).error.message; } catch { return `HTTP ${response.status}`; }
}

export const getJSON = async (path, options) => (await request(path, options)).json();
