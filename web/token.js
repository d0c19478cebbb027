// The form for the access token. It stands in the page, not above it: Esc does not close it, and all else stays within reach.

import { accepts, access, setToken } from './api.js';
import { byId, setHidden, setText } from './dom.js';
import { t } from './text.js';

let note = 'tokenNote';

export function showToken() {
  const [dialog, input] = [byId('token'), byId('token-input')];
  setText(byId('token-note'), t(note));
  if (access.isLocked === dialog.open) return;
  if (!access.isLocked) {
    dialog.close();
    return;
  }
  note = access.token === null ? 'tokenNote' : 'tokenWrong';
  setText(byId('token-note'), t(note));
  input.value = '';
  dialog.show();
  input.focus();
}

access.onchange(showToken);
// Whatever closes it while the page is locked, it comes back.
byId('token').addEventListener('close', showToken);

byId('token-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const value = byId('token-input').value.trim();
  byId('token-input').value = '';
  try {
    note = await accepts(value) ? 'tokenNote' : 'tokenWrong';
  } catch {
    note = 'noNetwork';
  }
  setText(byId('token-note'), t(note));
  if (note === 'tokenNote') setToken(value, new FormData(byId('token-form')).get('place'));
});
