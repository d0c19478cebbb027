// Values as text. An absent value is a dash, never a zero.

export const absent = '–';

const space = '\u202f';
const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);

// Three significant digits: 0.84, 8.41, 84.1, 841.
function short(value) {
  const size = Math.abs(value);
  if (size >= 99.95 || value === 0) return value.toFixed(0);
  return value.toFixed(size >= 9.995 ? 1 : 2);
}

function scaled(value, step, units) {
  let index = 0;
  // 999.6 would be shown as 1000.
  while (index < units.length - 1 && Math.abs(value) >= step * 0.9995) {
    value /= step;
    index += 1;
  }
  return `${index === 0 ? value.toFixed(0) : short(value)}${space}${units[index]}`;
}

const finite = (text) => (value, ...rest) => (isNumber(value) ? text(value, ...rest) : absent);

export const percent = finite((ratio) => {
  const value = ratio * 100;
  if (value > 0 && value < 0.05) return '<0.1%';
  return `${value < 9.95 && value > 0 ? value.toFixed(1) : value.toFixed(0)}%`;
});

export const bytes = finite((value) => scaled(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']));
export const mebibytes = finite((value) => bytes(value * 1048576));
export const rate = finite((value) => scaled(value, 1024, ['B/s', 'KiB/s', 'MiB/s', 'GiB/s', 'TiB/s']));
export const perSecond = finite((value) => `${count(value)}/s`);
export const megahertz = finite((value) =>
  value >= 1000 ? `${(value / 1000).toFixed(2)}${space}GHz` : `${value.toFixed(0)}${space}MHz`);
export const celsius = finite((value) => `${value.toFixed(0)}${space}°C`);
export const watts = finite((value) =>
  value >= 9999.5 ? `${short(value / 1000)}${space}kW` : `${value.toFixed(value < 10 ? 1 : 0)}${space}W`);
export const rpm = finite((value) => `${value.toFixed(0)}${space}rpm`);
export const milliseconds = finite((value) => `${short(value)}${space}ms`);

export const megabits = finite((value) =>
  value >= 1000 ? `${Number((value / 1000).toPrecision(3))}${space}Gbit/s` : `${value}${space}Mbit/s`);

export const count = finite((value) => {
  if (Math.abs(value) < 99.95 && !Number.isInteger(value)) return short(value);
  return value < 99999.5 ? value.toFixed(0) : scaled(value, 1000, ['', 'k', 'M', 'G', 'T']).replace(space, '');
});

// "40.0 / 80.0 GiB": the unit once where both have the same; the first alone where the second is absent.
export function part(used, total, format = mebibytes) {
  const [first, second] = [format(used), format(total)];
  if (second === absent) return first;
  const [number, unit] = first.split(space);
  return `${unit && second.endsWith(space + unit) ? number : first}\u00a0/\u00a0${second}`;
}

// Without trailing zeros: 5 GB/s beside an axis, not 5.00 GB/s.
export const tick = (text) => text.replace(/(\.\d*?)0+(?!\d)/, '$1').replace(/\.(?!\d)/, '');

let unit = { d: 'd', h: 'h', min: 'min', s: 's' };
let locale;
const formats = new Map();
// The first one has the browser read the locale's data, for tens of milliseconds: better while other modules are on their way.
new Intl.DateTimeFormat();

// The language of times and of units of time.
export function setLocale(name, units) {
  locale = name;
  unit = units;
  formats.clear();
}

export const duration = finite((seconds) => {
  const total = Math.max(0, Math.floor(seconds));
  const days = Math.floor(total / 86400);
  const hours = Math.floor(total / 3600) % 24;
  const minutes = Math.floor(total / 60) % 60;
  const two = (first, firstUnit, second, secondUnit) =>
    `${first}${space}${firstUnit}${second ? ` ${second}${space}${secondUnit}` : ''}`;
  if (days > 0) return two(days, unit.d, hours, unit.h);
  if (hours > 0) return two(hours, unit.h, minutes, unit.min);
  if (minutes > 0) return two(minutes, unit.min, minutes < 10 ? total % 60 : 0, unit.s);
  return `${total}${space}${unit.s}`;
});

// Time that was used: the first seconds with decimals.
export const spent = finite((seconds) => {
  if (seconds >= 59.95) return duration(Math.round(seconds));
  return `${seconds.toFixed(seconds < 9.995 ? 2 : 1)}${space}${unit.s}`;
});

// 0.000 would read as no use.
export const energy = finite((joules) => `${joules > 0 && joules < 1800 ? '<0.001' : (joules / 3.6e6).toFixed(3)}${space}kWh`);

// The format of each unit of the catalog.
export const units = {
  ratio: percent, cores: percent, bytes, mebibytes, bytes_per_second: rate, megabits_per_second: megabits, seconds: duration,
  milliseconds, celsius, megahertz, watts, rpm, per_second: perSecond, count,
};

const patterns = {
  day: {},
  minute: { hour: '2-digit', minute: '2-digit' },
  second: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
};
const date = { month: 'short', day: 'numeric' };

function formatter(name, options) {
  let format = formats.get(name);
  if (!format) formats.set(name, (format = new Intl.DateTimeFormat(locale, options)));
  return format;
}

// A time in seconds since 1970 to the 'second', 'minute' or 'day': with its date where that is not today's, and with its year
// where that is not this year's. isWhole: with date and year in any case.
export function time(seconds, precision, isWhole = false) {
  if (!isNumber(seconds)) return absent;
  const [then, now] = [new Date(seconds * 1000), new Date()];
  const hasYear = isWhole || then.getFullYear() !== now.getFullYear();
  const hasDate = hasYear || precision === 'day' || then.toDateString() !== now.toDateString();
  return formatter(`${precision} ${hasDate} ${hasYear}`, { ...patterns[precision], ...(hasDate && date), ...(hasYear && { year: 'numeric' }) }).format(then);
}

// Both ends of a window, to the second where minutes would not distinguish them well.
export const times = (from, to) => [from, to].map((end) => time(end, to - from < 600 ? 'second' : 'minute'));

// The time of day alone.
export const clock = finite((seconds, precision) => formatter(precision, patterns[precision]).format(seconds * 1000));

// The time zone of the browser at a time, in short: "GMT+9"; and by name: "Asia/Tokyo".
export function zone(seconds) {
  if (!isNumber(seconds)) return '';
  const parts = formatter('zone', { hour: 'numeric', timeZoneName: 'short' }).formatToParts(seconds * 1000);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
}
export const zoneName = () => formatter('zone', { hour: 'numeric', timeZoneName: 'short' }).resolvedOptions().timeZone ?? '';
