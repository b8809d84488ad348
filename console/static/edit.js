// The editor of journeys, where scripts run. Without it everything works by links, forms and the field of text.
(() => {
  // A fault leads to its line in the text.
  document.addEventListener('click', e => {
    const link = e.target.closest('a[data-line]');
    const field = document.getElementById('source');
    if (!link || !field) return;
    e.preventDefault();
    const lines = field.value.split('\n');
    const line = Math.min(Number(link.dataset.line), lines.length);
    let start = 0;
    for (let i = 0; i < line - 1; i++) start += lines[i].length + 1;
    const column = Math.min(Number(link.dataset.column || 1) - 1, lines[line - 1].length);
    field.focus();
    field.setSelectionRange(start + column, start + lines[line - 1].length);
    field.scrollTop = field.scrollHeight * (line - 1) / lines.length - field.clientHeight / 3;
  });

  // A step is dragged to a plus; the same can be done by its form.
  let drag = null;
  const slotAt = (x, y) => document.elementsFromPoint(x, y).map(e => e.closest('a.slot')).find(Boolean);
  document.addEventListener('pointerdown', e => {
    const box = e.target.closest('#canvas a[id^="go-"]:not([href*="head="])');
    if (!box || e.button !== 0 || e.pointerType === 'touch' || !document.getElementById('move')) return;
    drag = { box: box.querySelector('.box'), x: e.clientX, y: e.clientY, far: false, slot: null };
  });
  document.addEventListener('dragstart', e => { if (drag) e.preventDefault(); });
  document.addEventListener('pointermove', e => {
    if (!drag) return;
    if (!drag.far && Math.hypot(e.clientX - drag.x, e.clientY - drag.y) < 8) return;
    drag.far = true;
    drag.box.classList.add('dragged');
    const slot = slotAt(e.clientX, e.clientY);
    if (slot !== drag.slot) {
      drag.slot?.classList.remove('target');
      slot?.classList.add('target');
      drag.slot = slot;
    }
  });
  document.addEventListener('pointerup', () => {
    if (!drag) return;
    const { box, far, slot } = drag;
    drag = null;
    box.classList.remove('dragged');
    if (!far) return;
    const still = e => { e.preventDefault(); e.stopPropagation(); }; // the click that ends a drag opens nothing
    document.addEventListener('click', still, true);
    setTimeout(() => document.removeEventListener('click', still, true));
    if (!slot) return;
    const form = document.getElementById('move');
    form.elements.step.value = box.id.replace(/^step-/, '');
    form.elements.to.value = [slot.dataset.after, slot.dataset.into, slot.dataset.way].join('|');
    form.requestSubmit();
  });

  // The picture keeps its place when it is drawn anew; at first its beginning stands in the middle.
  let place = null;
  const canvas = () => document.getElementById('canvas');
  const begin = document.getElementById('step-enter');
  if (canvas() && begin) {
    const box = begin.getBoundingClientRect(), field = canvas().getBoundingClientRect();
    canvas().scrollLeft += box.left + box.width / 2 - field.left - field.width / 2;
  }
  document.addEventListener('htmx:oobBeforeSwap', e => {
    if (e.detail.target.id === 'canvas') place = [canvas().scrollLeft, canvas().scrollTop];
  });
  document.addEventListener('htmx:oobAfterSwap', e => {
    if (e.detail.target.id === 'etag' || e.target.id === 'etag') {
      const tag = document.getElementById('etag').value; // what was typed is the draft now: the forms beside it go on from there
      document.querySelectorAll('.bench input[name=etag]').forEach(field => { field.value = tag; });
    }
    if (place && canvas()) [canvas().scrollLeft, canvas().scrollTop] = place;
  });
})();
