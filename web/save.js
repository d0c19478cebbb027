// Saves a chart or a table of the page as a file.

import { h } from './dom.js';
import { palette } from './theme.js';

// A spreadsheet takes a text that begins like a formula for one; names of processes come from anywhere.
function cell(text) {
  const safe = /^[=+@\t]|^-(?![\d.])/.test(text) ? `'${text}` : text;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const csv = (rows) => `${rows.map((row) => row.map((text) => cell(String(text))).join(',')).join('\n')}\n`;

function save(name, extension, blob) {
  const file = name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'agent';
  const url = URL.createObjectURL(blob);
  h('a', { href: url, download: `${file}.${extension}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

const saveCSV = (name, rows) => save(name, 'csv', new Blob([csv(rows)], { type: 'text/csv' }));

// The samples of the drawn time: means in the units of the API, a column for each line.
function rowsOf(chart) {
  const keys = chart.series.map((one) => one.key);
  const rows = [['time', ...chart.series.map((one) => (one.label ? `${one.key} ${one.label}` : one.key))]];
  for (const { columns, start, end } of chart.context.store.parts(chart.window.from, chart.window.to)) {
    for (let index = start; index < end; index += 1) {
      const values = keys.map((key) => columns.mean.get(key)?.[index]);
      if (!values.some(Number.isFinite)) continue;
      rows.push([new Date(columns.times[index] * 1000).toISOString(), ...values.map((value) => (Number.isFinite(value) ? value : ''))]);
    }
  }
  return rows;
}

// The drawing on the page's color, with its title and the names of its lines.
function picture(chart) {
  const colors = palette();
  const { ratio = 1, canvas } = chart;
  const [line, pad] = [colors.size * 1.8 * ratio, colors.size * 0.6 * ratio];
  const target = h('canvas', { width: canvas.width + 2 * pad });
  const pen = target.getContext('2d');
  const font = `${colors.size * ratio}px sans-serif`;
  pen.font = font;
  // The names continue on further lines where they do not fit.
  const title = chart.title || chart.label;
  const names = [];
  let [x, row] = [pad * 3 + pen.measureText(title).width, 0];
  for (const { label, color } of chart.series) {
    if (!label) continue;
    const wide = pen.measureText(label).width;
    if (x + wide > target.width - pad && x > pad) [x, row] = [pad, row + 1];
    names.push({ label, color, x, row });
    x += wide + 2 * pad;
  }
  target.height = canvas.height + line * (row + 1) + 2 * pad;
  pen.fillStyle = getComputedStyle(document.body).backgroundColor;
  pen.fillRect(0, 0, target.width, target.height);
  pen.textBaseline = 'middle';
  // Setting the height has reset the pen.
  pen.font = font;
  pen.fillStyle = getComputedStyle(document.body).color;
  pen.fillText(title, pad, pad + line / 2);
  for (const one of names) {
    pen.fillStyle = colors[one.color] ?? colors.quiet;
    pen.fillText(one.label, one.x, pad + line * (one.row + 0.5));
  }
  pen.drawImage(canvas, pad, pad + line * (row + 1));
  return target;
}

const button = (text, title, onclick) => h('button', { type: 'button', class: 'link save', text, 'aria-label': `${text}: ${title}`, title: `${text}: ${title}`, onclick });

// The buttons of a chart.
export const chartButtons = (chart, title) => h('span', { class: 'tools' },
  button('CSV', title, () => saveCSV(title, rowsOf(chart))),
  button('PNG', title, () => picture(chart).toBlob((blob) => save(title, 'png', blob))));

// The button of a table: its visible rows as they are shown.
export const tableButton = (table, title) => button('CSV', title, () => saveCSV(title,
  [...table.querySelectorAll('tr')].filter((row) => row.offsetParent !== null).map((row) => [...row.cells].map((part) => part.innerText.trim().replace(/\s+/g, ' ')))));
