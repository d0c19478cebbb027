// Temperatures, fans and power of the machine's sensors.

import { Chart, line, numbered } from './chart.js';
import { h, setHidden, setText, visible } from './dom.js';
import * as format from './format.js';
import { Bars, Figures, Panel } from './panel.js';
import { keyOf } from './store.js';

// Sensors shown without asking: those nearest to their limits.
const few = 8;
const label = (one) => `${visible(one.chip)} ${visible(one.sensor)}`;

export class SensorsPanel extends Panel {
  constructor(context) {
    const { t } = context;
    super(context, 'sensors', { sources: ['sensors'] });
    this.chart = new Chart(context, { label: t('temperatures'), floor: 60 });
    const bars = () => new Bars(label, (one) => h('bdi', {}, `${visible(one.sensor)} `, h('small', { text: visible(one.chip) })));
    [this.list, this.rest] = [bars(), bars()];
    this.summary = h('summary', {});
    this.more = h('details', {}, this.summary, this.rest.node);
    this.figures = new Figures();
    this.body.append(this.chart.node, this.list.node, this.more, this.figures.node);
  }

  has({ temperatures, fans, powers }) { return [temperatures, fans, powers].some((list) => list?.length > 0); }

  show({ temperatures = [], fans = [], powers = [] }) {
    const { t } = this.context;
    setHidden(this.chart.node, temperatures.length === 0);
    this.chart.set({
      series: temperatures.length <= few
        ? temperatures.map((one, index) => numbered(keyOf('temperatures.celsius', one), visible(one.sensor), index))
        : [line('temperatures.celsius max', 7, { label: t('hottest') })],
    });
    const heat = (one) => one.celsius / (one.high_celsius ?? one.critical_celsius ?? 100);
    const ordered = [...temperatures].sort((a, b) => heat(b) - heat(a));
    const told = ({ celsius, high_celsius: high = Infinity, critical_celsius: critical = high }) => ({
      ratio: celsius / (critical < Infinity ? critical : 100), text: format.part(celsius, critical, format.celsius),
      level: celsius >= high ? 'bad' : celsius >= high - 5 ? 'warn' : 'calm',
    });
    // In the machine's own order, so that bars do not change places with each degree.
    this.list.show(temperatures.filter((one) => ordered.indexOf(one) < few), told);
    this.rest.show(ordered.slice(few), told);
    setHidden(this.more, ordered.length <= few);
    setText(this.summary, t('more', ordered.length - few));
    this.figures.show(null, [
      ...powers.map((one) => [label(one), format.watts(one.watts)]), ...fans.map((one) => [label(one), format.rpm(one.rpm)]),
    ]);
  }
}
