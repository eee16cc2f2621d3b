// Says when and where the jobs of a page ran, from the file of dates beside the receipts. Where that file is missing, nothing is said.
"use strict";
for (const place of document.querySelectorAll("[data-receipt]")) {
  const said = (window.datalinesDates || {})[place.dataset.receipt];
  if (said) place.textContent = `${said.started.replace("T", " ").replace("+00:00", " UTC")}, ${said.seconds} s on ${said.host}`;
}
