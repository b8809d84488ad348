// Shows new mail by itself: asks for the count, and loads the page again when it has changed and nobody is typing.
const shown = document.body.dataset.total;
setInterval(async () => {
  if (document.hidden || document.activeElement?.name === "q") return;
  try {
    const list = await (await fetch("/api/v1/messages?limit=0")).json();
    if (String(list.total) !== shown) location.reload();
  } catch {
    // The engine is restarting: ask again.
  }
}, 2000);
