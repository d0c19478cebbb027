// Figures as people read them. What is absent is a dash, never a zero.

export const absent = '–';

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
  return `${index === 0 ? value.toFixed(0) : short(value)} ${units[index]}`;
}

export function percent(ratio) {
  if (!isNumber(ratio)) return absent;
  const value = ratio * 100;
  if (value > 0 && value < 0.05) return '<0.1 %';
  return `${value < 9.95 && value > 0 ? value.toFixed(1) : value.toFixed(0)} %`;
}

export const bytes = (value) =>
  isNumber(value) ? scaled(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']) : absent;

export const mebibytes = (value) => (isNumber(value) ? bytes(value * 1048576) : absent);

// "40.0 of 80.0 GiB": the unit once where both have the same.
export function part(used, total) {
  const [first, second] = [mebibytes(used), mebibytes(total)];
  const [number, unit] = first.split(' ');
  return `${unit && second.endsWith(` ${unit}`) ? number : first} of ${second}`;
}

export const rate = (value) =>
  isNumber(value) ? scaled(value, 1000, ['B/s', 'kB/s', 'MB/s', 'GB/s', 'TB/s']) : absent;

export const megahertz = (value) =>
  isNumber(value) ? (value >= 1000 ? `${(value / 1000).toFixed(2)} GHz` : `${value.toFixed(0)} MHz`) : absent;

export const celsius = (value) => (isNumber(value) ? `${value.toFixed(0)} °C` : absent);

export const watts = (value) => (isNumber(value) ? `${value < 10 ? value.toFixed(1) : value.toFixed(0)} W` : absent);

export const decimal = (value, digits) => (isNumber(value) ? value.toFixed(digits) : absent);

export function duration(seconds) {
  if (!isNumber(seconds)) return absent;
  const total = Math.max(0, Math.floor(seconds));
  const days = Math.floor(total / 86400);
  const hours = Math.floor(total / 3600) % 24;
  const minutes = Math.floor(total / 60) % 60;
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  if (minutes > 0) return minutes < 10 && total % 60 ? `${minutes} min ${total % 60} s` : `${minutes} min`;
  return `${total} s`;
}

// A name from the machine may hold anything: control characters are shown as their pictures.
export const name = (text) =>
  String(text ?? '').replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '\u2421' : '\ufffd';
  });
