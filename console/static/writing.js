// The editor of messages: the frame follows what is written, the line of a fault is found, and nothing that was typed is lost.
(() => {
  const form = document.getElementById('writing'), show = document.getElementById('show');
  if (!form) return;
  const text = form.elements.text;
  let leaving = false;
  let kept = text.value, sent = kept; // the server has what it gave out, and what it has looked at since

  const render = () => form.requestSubmit(show);
  document.body.addEventListener('htmx:configRequest', e => { if (e.detail.target.id === 'look') sent = text.value; });
  document.body.addEventListener('htmx:afterSwap', e => { if (e.detail.target.id === 'look') { kept = sent; render(); } });
  if (form.dataset.changed === 'true') render(); // it came back unsaved: with a fault, a picture, or converted

  // A picture goes where the cursor was; one that is sent up is told where that is.
  const at = form.elements.at;
  text.addEventListener('blur', () => { if (at) at.value = text.selectionStart; });
  document.addEventListener('click', e => {
    const insert = e.target.closest('[data-insert]');
    if (!insert) return;
    text.focus();
    text.setRangeText('\n' + insert.dataset.insert + '\n', text.selectionStart, text.selectionEnd, 'end');
    text.dispatchEvent(new Event('input', { bubbles: true }));
  });

  // A form that goes into the frame leaves nothing; every other one does.
  document.addEventListener('submit', e => { if (e.submitter !== show) leaving = true; });
  addEventListener('beforeunload', e => {
    if (!leaving && !text.readOnly && text.value !== kept) e.preventDefault();
  });

  document.addEventListener('click', e => {
    const to = e.target.closest('[data-line]');
    if (!to) return;
    e.preventDefault();
    const lines = text.value.split('\n'), line = Math.min(to.dataset.line, lines.length) - 1;
    const start = lines.slice(0, line).reduce((sum, l) => sum + l.length + 1, 0);
    text.focus();
    text.setSelectionRange(start, start + lines[line].length);
    // Browsers scroll to what is typed, not to what is selected: the line is measured by a twin of the text that ends there.
    const twin = text.cloneNode();
    twin.removeAttribute('id');
    twin.value = text.value.slice(0, start);
    twin.rows = 1;
    twin.className += ' twin';
    text.after(twin);
    text.scrollTop = Math.max(0, twin.scrollHeight - text.clientHeight / 2);
    twin.remove();
  });
})();
