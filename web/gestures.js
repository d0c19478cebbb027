// Pointer, wheel and touch over a plot: hover points, click travels, drag zooms, two fingers zoom and pan.

import { clamp } from './dom.js';

export function gestures(plot, view) {
  const { frame } = plot;
  const touches = new Map();
  let drag = null;
  let before = null;
  let hasDragged = false;
  const x = (event) => event.clientX - frame.getBoundingClientRect().left;

  frame.addEventListener('pointerenter', () => frame.setAttribute('tabindex', '-1'), { once: true });

  frame.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    if (event.pointerType === 'touch') {
      touches.set(event.pointerId, x(event));
      if (touches.size > 1) drag = null;
    }
    if (touches.size > 1) return;
    drag = { start: x(event), isPan: event.pointerType === 'touch' || event.shiftKey, isMoved: false, last: x(event) };
    frame.setPointerCapture(event.pointerId);
  });

  frame.addEventListener('pointermove', (event) => {
    const place = x(event);
    if (touches.has(event.pointerId)) {
      const was = touches.get(event.pointerId);
      if (touches.size === 2) {
        const [other] = [...touches].filter(([id]) => id !== event.pointerId).map(([, where]) => where);
        const [wide, wider] = [Math.max(12, Math.abs(was - other)), Math.max(12, Math.abs(place - other))];
        view.scale(clamp(wide / wider, 0.5, 2), plot.time(other));
        touches.set(event.pointerId, place);
        return;
      }
      touches.set(event.pointerId, place);
    }
    if (drag) {
      if (!drag.isMoved && Math.abs(place - drag.start) < 5) return;
      drag.isMoved = true;
      if (drag.isPan) {
        view.pan(((drag.last - place) / plot.plotWidth) * view.length);
        drag.last = place;
      } else {
        const [left, right] = [Math.min(drag.start, place), Math.max(drag.start, place)].map((edge) => clamp(edge, plot.left, plot.width));
        plot.brush.hidden = false;
        plot.brush.style.transform = `translateX(${left}px)`;
        plot.brush.style.width = `${right - left}px`;
      }
    }
    if (event.pointerType !== 'touch' || !drag?.isMoved) view.point(place >= plot.left ? plot.time(place) : null, plot);
  });

  const end = (event, isCancelled) => {
    touches.delete(event.pointerId);
    plot.brush.hidden = true;
    const done = drag;
    drag = null;
    if (event.pointerType === 'touch') view.point(null);
    if (!done || isCancelled) return;
    hasDragged = done.isMoved;
    if (!done.isMoved || done.isPan) return;
    view.zoom(...[done.start, x(event)].sort((a, b) => a - b).map((edge) => plot.time(edge)));
    view.point(null);
  };
  frame.addEventListener('pointerup', (event) => end(event, false));
  frame.addEventListener('pointercancel', (event) => end(event, true));
  frame.addEventListener('pointerleave', () => { if (!drag) view.point(null); });

  frame.addEventListener('click', (event) => {
    if (hasDragged || event.detail > 1 || x(event) < plot.left) return;
    const { span, to, at, isRanked } = view;
    before = { span, to, at, isRanked };
    const time = plot.time(x(event));
    view.travel(plot.context.store.nearest(time) || time);
  });

  // A double click goes back, and takes back what its first click did.
  frame.addEventListener('dblclick', () => {
    Object.assign(view, before);
    view.back();
  });

  // The wheel scrolls the page as everywhere; with Ctrl, or over a chart that was clicked, it zooms. Sideways it pans.
  frame.addEventListener('wheel', (event) => {
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      view.pan((event.deltaX / plot.plotWidth) * view.length);
    } else if (event.ctrlKey || event.metaKey || document.activeElement === frame) {
      event.preventDefault();
      const size = event.deltaMode === 1 ? 16 : 1;
      view.scale(Math.exp(clamp(event.deltaY * size, -120, 120) * (event.ctrlKey ? 0.008 : 0.003)), plot.time(x(event)));
    }
  }, { passive: false });
}
