// The map of pages: marks from /api/map, the page beside the mark that is pointed at.
"use strict";

(() => {
  const frame = document.querySelector("[data-map]");
  if (!frame) {
    return;
  }
  const part = (name) => frame.querySelector(`[data-map-${name}]`);
  const svg = part("points");
  const card = part("card");

  const SVG = "http://www.w3.org/2000/svg";
  const MARGIN_PX = 28; // room for marks at the border
  const TOP_PX = 64; // and for the buttons at the top
  const REACH_PX = 14; // how near to a mark the pointer must be
  const DRAG_PX = 5; // less is a click that was not quite still
  const MAX_ZOOM = 40;
  const LEGEND_LENGTH = 24; // after that the marks repeat
  const CARD_DELAY_MS = 60; // so that a sweep over the map does not load every page

  let marks = []; // of each page: the page, its link, and where it is in pixels
  let here = null; // the mark whose page is shown
  let pinned = ""; // the document that was chosen in the legend
  let view = { zoom: 1, x: 0.5, y: 0.5 }; // magnification, and the point of the map in the middle
  let cardTimer = 0;

  // Fetching

  function say(text, isDrawing) {
    frame.classList.toggle("is-drawing", isDrawing);
    part("state").textContent = text;
  }

  async function load() {
    part("start").hidden = true;
    say("The map is being drawn. The rest of Pagelens works meanwhile.", true);
    try {
      const answer = await fetch("/api/map", { headers: { Accept: "application/json" } });
      const body = await answer.json();
      if (answer.status === 202) {
        setTimeout(load, 1000 * Number(answer.headers.get("Retry-After") || 1));
      } else if (answer.ok) {
        show(body);
      } else {
        fail(body.detail || "The map could not be drawn.");
      }
    } catch {
      fail("The server did not answer. Is pagelens serve still running?");
    }
  }

  function fail(message) {
    say(message, false);
    part("start").hidden = false;
  }

  const counted = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;

  function show(map) {
    const shown = map.pages.length;
    const said = [`${counted(shown, "page")} of ${counted(map.documents.length, "document")}`];
    if (map.n_chosen < map.n_pages) {
      said.push(`a sample of ${map.n_pages.toLocaleString("en")}, evenly chosen`);
    }
    if (map.n_without_vectors) {
      said.push(`${counted(map.n_without_vectors, "page")} without vectors left out`);
    }
    say(shown ? `${said.join("; ")}.` : "No page of this index has vectors, so there is no map.", false);
    if (!shown) {
      return;
    }
    part("view").hidden = false;
    part("help").hidden = false;
    const documents = new Map(map.documents.map((document) => [document.document_id, document]));
    marks = map.pages.map((page) => makeMark(page, documents.get(page.document_id)));
    svg.replaceChildren(...marks.map((mark) => mark.link));
    marks[0].link.setAttribute("tabindex", "0");
    showLegend(map.documents);
    markList(documents);
    new ResizeObserver(place).observe(svg);
    place();
  }

  // Marks

  function makeMark(page, document_) {
    const link = document.createElementNS(SVG, "a");
    link.setAttribute("href", `/page/${page.page_id}`);
    link.setAttribute("tabindex", "-1"); // one stop for Tab; arrow keys do the rest
    link.setAttribute("aria-label", `${page.file}, page ${page.page_number}`);
    link.classList.add(`colour-${document_.colour}`);
    const shape = document.createElementNS(SVG, "use");
    shape.setAttribute("href", `#shape-${document_.shape}`);
    link.append(shape);
    const mark = { page, document: document_, link, x: 0, y: 0 };
    link.addEventListener("focus", () => point(mark));
    link.addEventListener("blur", () => point(null));
    return mark;
  }

  // What is in the middle may be at most so far out that the map's border is.
  function keepInside() {
    const room = 0.5 / view.zoom;
    view.x = Math.min(1 - room, Math.max(room, view.x));
    view.y = Math.min(1 - room, Math.max(room, view.y));
  }

  function extent(axis) {
    const values = marks.map((mark) => mark.page[axis]);
    const low = Math.min(...values);
    return { low, size: Math.max(...values) - low || 1 };
  }

  // Few pages are drawn larger than many, which would cover each other; zooming in makes room.
  function markSize(area) {
    const room = view.zoom * Math.sqrt(area / marks.length); // pixels a side that each page has
    return Math.min(1.5, Math.max(0.7, room / 40)).toFixed(2);
  }

  // Both axes have the same scale, chosen so that the whole map just fits when it is not enlarged.
  function place() {
    const { width, height } = svg.getBoundingClientRect();
    if (!width || !marks.length) {
      return;
    }
    keepInside();
    const x = extent("x");
    const y = extent("y");
    const fit = Math.min((width - 2 * MARGIN_PX) / x.size, (height - TOP_PX - MARGIN_PX) / y.size);
    const left = (width - fit * x.size) / 2;
    const top = TOP_PX + (height - TOP_PX - MARGIN_PX - fit * y.size) / 2;
    const size = markSize(width * height);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    for (const mark of marks) {
      const atX = left + fit * (mark.page.x - x.low); // in pixels, where nothing is enlarged
      const atY = top + fit * (mark.page.y - y.low);
      mark.x = width / 2 + view.zoom * (atX - view.x * width);
      mark.y = height / 2 + view.zoom * (atY - view.y * height);
      mark.link.setAttribute("transform", `translate(${mark.x.toFixed(1)} ${mark.y.toFixed(1)}) scale(${size})`);
    }
    svg.classList.toggle("is-zoomed", view.zoom > 1);
    if (here) {
      placeCard();
    }
  }

  // The card

  function point(mark) {
    if (mark === here) {
      return;
    }
    here?.link.classList.remove("is-here");
    here = mark;
    clearTimeout(cardTimer);
    svg.classList.toggle("is-near", Boolean(mark));
    emphasise();
    if (!mark) {
      card.hidden = true;
      return;
    }
    mark.link.classList.add("is-here");
    cardTimer = setTimeout(showCard, card.hidden ? CARD_DELAY_MS : 0);
  }

  function showCard() {
    part("picture").src = `/api/pages/${here.page.page_id}/thumbnail`;
    part("file").textContent = here.page.file;
    part("page").textContent = `page ${here.page.page_number}`;
    part("title").textContent = here.document.title;
    card.hidden = false;
    placeCard();
  }

  // Beside the mark, on the side where there is more room, and never over it.
  function placeCard() {
    const { width, height } = svg.getBoundingClientRect();
    const gap = 16;
    const isLeft = here.x > width / 2;
    const left = isLeft ? here.x - gap - card.offsetWidth : here.x + gap;
    const top = Math.min(height - card.offsetHeight - 8, here.y - card.offsetHeight / 2);
    card.style.left = `${Math.min(width - card.offsetWidth, Math.max(0, left))}px`;
    card.style.top = `${Math.max(8, top)}px`;
  }

  // Marks of one document, the others faint

  function emphasise(hovered = "") {
    const documentId = hovered || here?.page.document_id || pinned;
    svg.classList.toggle("has-document", Boolean(documentId));
    for (const mark of marks) {
      mark.link.classList.toggle("is-of-document", mark.page.document_id === documentId);
    }
  }

  function showLegend(documents) {
    const shown = [...documents].sort((a, b) => b.n_pages - a.n_pages).slice(0, LEGEND_LENGTH);
    part("documents").replaceChildren(...shown.map(legendEntry));
    const n = documents.length - shown.length;
    part("more").textContent = n ? `and ${counted(n, "document")} with fewer pages` : "";
  }

  // The documents in the list below, with the marks that they have on the map.
  function markList(documents) {
    for (const cell of document.querySelectorAll("th[data-document]")) {
      const document_ = documents.get(cell.dataset.document);
      if (document_) {
        cell.prepend(markOf(document_));
      }
    }
  }

  function markOf(document_) {
    const picture = document.createElementNS(SVG, "svg");
    picture.setAttribute("class", `mark colour-${document_.colour}`);
    picture.setAttribute("viewBox", "-8 -8 16 16");
    picture.setAttribute("aria-hidden", "true");
    const shape = document.createElementNS(SVG, "use");
    shape.setAttribute("href", `#shape-${document_.shape}`);
    picture.append(shape);
    return picture;
  }

  function legendEntry(document_) {
    const button = document.createElement("button");
    button.type = "button";
    button.title = `${document_.folder}/${document_.file}`;
    button.setAttribute("aria-pressed", "false");
    const name = document.createElement("bdi");
    name.textContent = document_.file;
    const count = document.createElement("span");
    count.className = "number";
    count.textContent = document_.n_pages.toLocaleString("en");
    button.append(markOf(document_), name, count);
    button.addEventListener("mouseenter", () => emphasise(document_.document_id));
    button.addEventListener("mouseleave", () => emphasise());
    button.addEventListener("click", () => {
      pinned = pinned === document_.document_id ? "" : document_.document_id;
      for (const other of part("documents").querySelectorAll("button")) {
        other.setAttribute("aria-pressed", String(other === button && Boolean(pinned)));
      }
      emphasise();
    });
    const item = document.createElement("li");
    item.append(button);
    return item;
  }

  // Pointer

  function atPointer(event) {
    const box = svg.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top, box };
  }

  function nearest({ x, y }) {
    let best = null;
    let reach = REACH_PX ** 2;
    for (const mark of marks) {
      const distance = (mark.x - x) ** 2 + (mark.y - y) ** 2;
      if (distance < reach) {
        best = mark;
        reach = distance;
      }
    }
    return best;
  }

  let drag = null;

  svg.addEventListener("pointerdown", (event) => {
    if (event.button === 0) {
      drag = { ...atPointer(event), from: { ...view }, isMoving: false };
    }
  });

  svg.addEventListener("pointermove", (event) => {
    const at = atPointer(event);
    if (!drag) {
      point(nearest(at));
      return;
    }
    if (!drag.isMoving && Math.hypot(at.x - drag.x, at.y - drag.y) > DRAG_PX && view.zoom > 1) {
      drag.isMoving = true;
      svg.setPointerCapture(event.pointerId);
      svg.classList.add("is-dragged");
      point(null);
    }
    if (drag.isMoving) {
      view.x = drag.from.x - (at.x - drag.x) / at.box.width / view.zoom;
      view.y = drag.from.y - (at.y - drag.y) / at.box.height / view.zoom;
      place();
    }
  });

  for (const end of ["pointerup", "pointercancel"]) {
    svg.addEventListener(end, () => svg.classList.remove("is-dragged"));
  }

  svg.addEventListener("click", (event) => {
    const wasMoving = drag?.isMoving;
    drag = null;
    if (wasMoving) {
      event.preventDefault();
    } else if (!event.target.closest("a")) {
      nearest(atPointer(event))?.link.dispatchEvent(
        new MouseEvent("click", { bubbles: true, cancelable: true, ctrlKey: event.ctrlKey, metaKey: event.metaKey }),
      );
    }
  });

  svg.addEventListener("dragstart", (event) => event.preventDefault());

  svg.addEventListener("pointerleave", () => {
    if (!drag?.isMoving) {
      drag = null;
      point(null);
    }
  });

  // Zoom

  function zoom(factor, at) {
    const { width, height } = svg.getBoundingClientRect();
    const { x, y } = at || { x: width / 2, y: height / 2 };
    const next = Math.min(MAX_ZOOM, Math.max(1, view.zoom * factor));
    // what is at this place stays there
    view.x += (x / width - 0.5) * (1 / view.zoom - 1 / next);
    view.y += (y / height - 0.5) * (1 / view.zoom - 1 / next);
    view.zoom = next;
    place();
  }

  svg.addEventListener(
    "wheel",
    (event) => {
      if (event.ctrlKey || event.metaKey) {
        // without these the wheel scrolls the page, as everywhere
        event.preventDefault();
        zoom(Math.exp(-event.deltaY / 300), atPointer(event));
      }
    },
    { passive: false },
  );

  const ZOOMS = {
    in: () => zoom(1.6),
    out: () => zoom(1 / 1.6),
    all: () => zoom(0),
  };

  for (const button of frame.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", ZOOMS[button.dataset.zoom]);
  }

  // Keyboard

  const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const ZOOM_KEYS = { "+": "in", "=": "in", "-": "out", 0: "all" };

  // The nearest mark that way; what lies aside counts as farther.
  function neighbour(from, [right, down]) {
    let best = null;
    let least = Infinity;
    for (const mark of marks) {
      const x = mark.x - from.x;
      const y = mark.y - from.y;
      const ahead = x * right + y * down;
      const aside = Math.abs(x * down) + Math.abs(y * right);
      if (mark !== from && ahead > 0 && ahead + 2 * aside < least) {
        best = mark;
        least = ahead + 2 * aside;
      }
    }
    return best;
  }

  function focus(mark, from) {
    from.link.setAttribute("tabindex", "-1");
    mark.link.setAttribute("tabindex", "0");
    const { width, height } = svg.getBoundingClientRect();
    if (mark.x < 0 || mark.y < 0 || mark.x > width || mark.y > height) {
      view.x += (mark.x / width - 0.5) / view.zoom;
      view.y += (mark.y / height - 0.5) / view.zoom;
      place();
    }
    mark.link.focus({ preventScroll: true });
  }

  svg.addEventListener("keydown", (event) => {
    const from = marks.find((mark) => mark.link === event.target);
    if (!from || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key in WAYS) {
      event.preventDefault();
      const next = neighbour(from, WAYS[event.key]);
      if (next) {
        focus(next, from);
      }
    } else if (event.key in ZOOM_KEYS) {
      event.preventDefault();
      ZOOMS[ZOOM_KEYS[event.key]]();
    } else if (event.key === "Escape") {
      point(null);
    }
  });

  // Start

  frame.hidden = false;
  part("draw").addEventListener("click", load);
  if ("atOnce" in frame.dataset) {
    load();
  } else {
    part("start").hidden = false;
  }
})();
