// Alerts that are firing, and why the machine is slow, above all panels.

import { getJSON } from './api.js';
import { h, joined, keyed, setHidden, setText, visible } from './dom.js';
import * as format from './format.js';

export class Alerts {
  constructor({ t, view }) {
    Object.assign(this, { t, view });
    this.list = h('ul', {});
    this.reasons = h('ul', {});
    this.node = h('section', { class: 'alerts', role: 'status', 'aria-label': t('alerts'), hidden: true }, this.list, this.reasons);
  }

  update({ alerts = [], timestamp }) {
    const firing = alerts.filter((one) => one.phase === 'firing' && !one.silenced);
    keyed(this.list, firing, (one) => `${one.alert} ${one.target}`,
      () => {
        const [text, note] = [h('strong', {}), h('small', {})];
        return { node: h('li', {}, text, ' ', note), text, note };
      },
      ({ text, note }, one) => {
        setText(text, visible(one.summary));
        setText(note, this.t('firingFor', format.duration((Date.parse(timestamp) - Date.parse(one.since)) / 1000), visible(one.rule)));
      });
    this.hasAlerts = firing.length > 0;
    this.ask(timestamp);
  }

  // The reasons of one stored sample, or of a window of the past: asked at most every five seconds while the page is live.
  async ask(timestamp) {
    const { at, moment, to, window } = this.view;
    const query = moment === null ? '' : at === null && to !== null ? `?from=${window.from.toFixed(3)}&to=${window.to.toFixed(3)}` : `?time=${encodeURIComponent(timestamp)}`;
    const asked = query || timestamp;
    const now = performance.now();
    if (this.asked === asked || (!query && now - (this.askedAt ?? -1e9) < 5000)) return this.arrange();
    [this.asked, this.askedAt] = [asked, now];
    try {
      const { reasons } = await getJSON(`why${query}`);
      if (this.asked !== asked) return;
      keyed(this.reasons, reasons, (one) => one.rule,
        () => {
          const [text, note] = [h('span', {}), h('small', {})];
          return { node: h('li', {}, text, ' ', note), text, note };
        },
        ({ text, note }, one) => {
          setText(text, visible(one.text));
          // In a window, the values are those of its worst sample.
          setText(note, joined(one.worst_time_seconds > 0 && this.t('worstAt', format.time(one.worst_time_seconds, 'second')),
            one.seconds >= 2 && this.t('heldFor', format.duration(Math.round(one.seconds)))));
        });
      this.hasReasons = reasons.length > 0;
    } catch {
      this.hasReasons = false;
    }
    this.arrange();
  }

  arrange() {
    setHidden(this.list, !this.hasAlerts);
    setHidden(this.reasons, !this.hasReasons);
    setHidden(this.node, !this.hasAlerts && !this.hasReasons);
  }
}
