// Rules of WCAG 2.2 that a program can check, over the page as it is now. Gives a list of what breaks them.
(() => {
  const broken = [];
  const isShown = (node) => node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && node.getClientRects().length > 0;
  const told = (node) => `<${node.tagName.toLowerCase()}${node.id ? ` #${node.id}` : ''} class="${node.className}"> ${node.textContent.trim().slice(0, 40)}`;
  const all = [...document.querySelectorAll('body *')];

  // 3.1.1, 2.4.2
  if (!/^(en|ja)$/.test(document.documentElement.lang)) broken.push(`lang is "${document.documentElement.lang}"`);
  if (!document.title.trim()) broken.push('there is no title');

  // 4.1.1 as it still matters: ids are unique, and what names an id finds it.
  const ids = new Set();
  for (const { id } of all) {
    if (id && ids.has(id)) broken.push(`two elements with the id ${id}`);
    ids.add(id);
  }
  for (const node of document.querySelectorAll('[aria-labelledby]')) {
    for (const id of node.getAttribute('aria-labelledby').split(' ')) if (!ids.has(id)) broken.push(`${told(node)}: nothing has the id ${id}`);
  }

  // 1.3.1: headings step down one by one; landmarks; tables with heads.
  let level = 0;
  for (const node of document.querySelectorAll('h1, h2, h3, h4')) {
    if (!isShown(node)) continue;
    const own = Number(node.tagName[1]);
    if (own > level + 1) broken.push(`${told(node)} follows a heading of level ${level}`);
    level = own;
  }
  for (const name of ['header', 'main', 'footer', 'h1']) {
    if ([...document.querySelectorAll(name)].filter(isShown).length !== 1) broken.push(`not one ${name}`);
  }
  for (const table of document.querySelectorAll('table')) {
    if (!table.getAttribute('aria-label')) broken.push(`${told(table)} has no name`);
    for (const head of table.querySelectorAll('th')) if (!head.scope) broken.push(`${told(head)} heads nothing`);
  }

  // 4.1.2: names, roles and their required properties.
  const labelOf = (node) => (node.getAttribute('aria-label') ?? (node.getAttribute('aria-labelledby') ? 'x' : '')).trim();
  for (const node of document.querySelectorAll('button, a[href], input, summary, dialog, [role=meter], [role=img], [role=group], section')) {
    if (node.closest('[hidden], dialog:not([open])') || node.closest('[aria-hidden=true]')) continue;
    if (!labelOf(node) && !(/^(BUTTON|A|SUMMARY)$/.test(node.tagName) && node.textContent.trim())) broken.push(`${told(node)} has no name`);
  }
  // 2.5.3: the visible label of a control is part of its name.
  for (const node of document.querySelectorAll('button[aria-label]')) {
    const [seen, name] = [node.textContent.trim().toLowerCase(), node.getAttribute('aria-label').toLowerCase()];
    if (/^[\p{Letter}\s]+$/u.test(seen) && !name.includes(seen)) broken.push(`${told(node)} is called "${name}"`);
  }
  for (const node of document.querySelectorAll('[role=meter]')) {
    for (const name of ['aria-valuenow', 'aria-valuemin', 'aria-valuemax']) if (!node.hasAttribute(name) && isShown(node)) broken.push(`${told(node)} lacks ${name}`);
  }
  const unnamed = new Set(['SPAN', 'DIV', 'P', 'I', 'B', 'BDI', 'SMALL', 'STRONG']);
  for (const node of document.querySelectorAll('[aria-label]')) {
    if (unnamed.has(node.tagName) && !node.getAttribute('role')) broken.push(`${told(node)} has a name but no role`);
  }
  for (const node of document.querySelectorAll('[aria-hidden=true] :is(button, a, input, [tabindex="0"])')) broken.push(`${told(node)} is hidden but can have the focus`);
  for (const node of document.querySelectorAll('[tabindex]')) if (node.tabIndex > 0) broken.push(`${told(node)} has an order of its own`);
  for (const node of document.querySelectorAll('ul, dl')) {
    const inside = node.tagName === 'UL' ? ['LI'] : ['DT', 'DD', 'DIV'];
    for (const child of node.children) if (!inside.includes(child.tagName)) broken.push(`${told(child)} in a ${node.tagName}`);
  }

  // 1.4.3: contrast of every text with its background.
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const over = (top, below) => [0, 1, 2].map((part) => top[part] * top[3] + below[part] * (1 - top[3])).concat(1);
  const luminance = (color) => [0.2126, 0.7152, 0.0722].reduce((sum, share, part) => {
    const value = color[part] / 255;
    return sum + share * (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  }, 0);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (seen.has(node) || !walker.currentNode.textContent.trim() || !isShown(node) || node.closest('.skip')) continue;
    seen.add(node);
    const layers = [];
    for (let outer = node; outer; outer = outer.parentElement) layers.unshift(rgba(getComputedStyle(outer).backgroundColor));
    const behind = layers.reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
    const style = getComputedStyle(node);
    const front = over(rgba(style.color), behind);
    const [bright, dark] = [luminance(front), luminance(behind)].sort((a, b) => b - a);
    const contrast = (bright + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (contrast < (isLarge ? 3 : 4.5)) broken.push(`${told(node)}: contrast ${contrast.toFixed(2)}`);
  }

  // 2.5.8: targets are at least 24 pixels wide and high, or within a text or a table header.
  for (const node of document.querySelectorAll('button, input')) {
    const { width, height } = node.getBoundingClientRect();
    if (isShown(node) && !node.closest('th') && (width < 24 || height < 24)) broken.push(`${told(node)} is ${width.toFixed(0)} × ${height.toFixed(0)}`);
  }
  return broken;
})()
