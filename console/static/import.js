// A long file shows how far its sending has come, and what is wrong with it is shown in place.
(() => {
  document.addEventListener('htmx:xhr:progress', e => {
    const sent = document.getElementById('sent');
    if (!sent || !e.detail.lengthComputable || e.target.id !== 'import') return;
    document.getElementById('sending').hidden = false;
    document.querySelectorAll('main > .fault').forEach(old => old.remove());
    sent.max = e.detail.total;
    sent.value = e.detail.loaded;
    document.querySelector('#import button.main').disabled = true;
  });
  document.addEventListener('htmx:beforeSwap', e => {
    if (e.detail.requestConfig.path === '/imports' && e.detail.xhr.status >= 400) {
      e.detail.shouldSwap = true;
      e.detail.isError = false;
    }
  });
})();
