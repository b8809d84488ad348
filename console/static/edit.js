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
  document.addEventListener('htmx:oobAfterSwap', () => {
    if (place && canvas()) [canvas().scrollLeft, canvas().scrollTop] = place;
  });
})();
