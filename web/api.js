// Requests to the agent that this page came from. Nothing is asked of any other host.

const root = new URL('..', import.meta.url);
let token = null;
try { token = sessionStorage.getItem('token'); } catch { /* storage may be refused */ }

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

let askForToken = null;
let asking = null;

// ask: shows the form and resolves with the token that was typed in.
export function onTokenWanted(ask) {
  askForToken = ask;
}

// Several requests may be refused at once; the form is shown once, and all of them go on after it.
async function newToken() {
  asking ??= askForToken(token !== null).then((typed) => {
    token = typed;
    try { sessionStorage.setItem('token', typed); } catch { /* as above */ }
    asking = null;
  });
  await asking;
}

// The answer to GET, once its status is good; asks for a token where the agent wants one.
export async function request(path, { signal, headers = {} } = {}) {
  for (;;) {
    if (asking) await asking;
    const used = token;
    const response = await fetch(new URL(path, root), {
      signal, cache: 'no-store', credentials: 'omit',
      headers: used === null ? headers : { ...headers, Authorization: `Bearer ${used}` },
    });
    if (response.ok) return response;
    if (response.status === 401 && askForToken) {
      response.body?.cancel();
      if (used === token) await newToken();
      continue;
    }
    let message = `${response.status}`;
    try { message = (await response.json()).error.message; } catch { /* not the agent's own answer */ }
    throw new Refused(response.status, message);
  }
}

export const getJSON = async (path, options) => (await request(path, options)).json();
