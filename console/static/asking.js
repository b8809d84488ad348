// The picture of a survey's page follows what is written, and nothing is left unsaved by accident.
(() => {
  const form = document.getElementById('asking'), show = document.getElementById('show');
  if (!form) return;
  let changed = form.dataset.changed === 'true', leaving = false, soon;

  const render = () => form.requestSubmit(show);
  if (changed) render(); // it came back unsaved
  form.addEventListener('input', e => {
    if (!['view', 'in', 'thanked'].includes(e.target.name)) changed = true;
    clearTimeout(soon);
    soon = setTimeout(render, 300);
  });

  // What goes into the frame leaves nothing; every other button does.
  form.addEventListener('submit', e => { if (e.submitter !== show) leaving = true; });
  addEventListener('beforeunload', e => { if (changed && !leaving) e.preventDefault(); });
})();
