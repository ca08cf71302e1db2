// The number printed on the page, beside its place in the file and in the citation. Reading it takes
// the server a moment, for which the page need not wait.

"use strict";

async function tellPrintedNumber(heading) {
  const answer = await fetch(heading.dataset.printedNumber);
  if (!answer.ok) return; // the file is gone: its place is all that is known
  const number = (await answer.json()).printed_number;
  if (!number) return;
  heading.textContent = ` (printed ${number})`;
  for (const place of document.querySelectorAll("[data-printed-here]")) {
    place.textContent = `, printed ${number}`;
  }
}

for (const heading of document.querySelectorAll("[data-printed-number]")) {
  tellPrintedNumber(heading).catch(() => {}); // the server is gone, or the page is left
}
