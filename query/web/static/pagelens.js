// Pagelens: keys, zoom, and switching the heat without a reload. Every address works without it.
"use strict";

const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

function showScriptOnly(root) {
  for (const element of all("[data-script-only]", root)) element.hidden = false;
}

// Search form: what is as usual does not go into the address.

function tidyAddress(form) {
  form.addEventListener("submit", () => {
    for (const field of form.elements) {
      const isDefault = field.value === "" || field.value === field.dataset.default;
      if (field.name && isDefault) field.disabled = true;
    }
  });
  // the browser may bring the page back as it was left
  addEventListener("pageshow", () => {
    for (const field of form.elements) field.disabled = false;
  });
}

// Search by an image: pasted anywhere, or dropped anywhere.

function acceptImages(section) {
  const form = one("form", section);
  if (!form) return;
  const input = one("input[type=file]", form);
  const take = (files) => {
    const image = [...files].find((file) => file.type.startsWith("image/"));
    if (!image) return false;
    const chosen = new DataTransfer();
    chosen.items.add(image);
    input.files = chosen.files;
    section.open = true;
    form.requestSubmit();
    return true;
  };
  const mark = (isDropping) => {
    if (isDropping) section.open = true;
    section.classList.toggle("is-dropping", isDropping);
  };
  addEventListener("paste", (event) => {
    if (event.clipboardData && take(event.clipboardData.files)) event.preventDefault();
  });
  addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    mark(true);
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) mark(false);
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    take(event.dataTransfer.files);
  });
}

// Model being loaded: look again, unless somebody is typing.

function waitForModel(note) {
  const box = one("#q");
  const typed = box ? box.value : "";
  const look = async () => {
    try {
      const status = await (await fetch("/api/status")).json();
      if (status.state !== "loading") {
        if (!box || box.value === typed) location.reload();
        else note.hidden = true;
        return;
      }
    } catch {
      // the server may be starting anew: ask again
    }
    setTimeout(look, 2000);
  };
  setTimeout(look, 1500);
}

// Page view.

const viewer = { heat: 1, zoom: "fit", place: 0 };

function applyHeat() {
  for (const layer of all("[data-heat-layer]")) layer.style.opacity = viewer.heat;
  const slider = one("[data-heat]");
  if (slider) slider.value = Math.round(100 * viewer.heat);
}

function setHeat(strength) {
  viewer.heat = strength;
  applyHeat();
  drawSharplySoon();
}

// Width of the sheet in pixels; "" for the width there is.
function sheetWidth(zoom) {
  const picture = one("[data-preview]");
  const [width, height] = ["width", "height"].map((name) => Number(picture.getAttribute(name)));
  if (zoom === "fit") return "";
  if (zoom !== "page") return `${Math.round(width * zoom)}px`;
  const room = getComputedStyle(one("[data-canvas]"));
  const padding = parseFloat(room.paddingTop) + parseFloat(room.paddingBottom);
  const shown = Math.min(innerHeight, parseFloat(room.maxHeight) || innerHeight) - padding;
  return `min(100%, ${Math.floor((shown * width) / height)}px)`;
}

function applyZoom() {
  one("[data-sheet]").style.width = sheetWidth(viewer.zoom);
  for (const button of all("[data-zoom]")) {
    button.setAttribute("aria-pressed", String(button.dataset.zoom === String(viewer.zoom)));
  }
  drawSharplySoon();
}

// The middle of the place that is marked, if it is in sight.
function markedPoint(around) {
  const place = one("[data-place].is-current");
  if (!place) return null;
  const box = place.getBoundingClientRect();
  const clientX = (box.left + box.right) / 2;
  const clientY = (box.top + box.bottom) / 2;
  const isAcross = clientX > around.left && clientX < around.right;
  const isDown = clientY > around.top && clientY < Math.min(around.bottom, innerHeight);
  return isAcross && isDown ? { clientX, clientY } : null;
}

// Zooms so that a point stays: under the pointer, of the marked place, or in the window's middle.
function setZoom(zoom, pointer) {
  const canvas = one("[data-canvas]");
  const sheet = one("[data-sheet]");
  if (!canvas) return;
  const window_ = canvas.getBoundingClientRect();
  const fixed = pointer || markedPoint(window_);
  const x = fixed ? fixed.clientX : window_.left + canvas.clientWidth / 2;
  const y = fixed ? fixed.clientY : window_.top + canvas.clientHeight / 2;
  const before = sheet.getBoundingClientRect();
  const across = (x - before.left) / before.width;
  const down = (y - before.top) / before.height;
  viewer.zoom = zoom;
  applyZoom();
  const after = sheet.getBoundingClientRect();
  canvas.scrollLeft += after.left + across * after.width - x;
  canvas.scrollTop += after.top + down * after.height - y;
}

function zoomBy(factor, pointer) {
  const natural = Number(one("[data-preview]").getAttribute("width"));
  const now = one("[data-sheet]").getBoundingClientRect().width / natural;
  setZoom(Math.min(6, Math.max(0.2, Math.round(100 * now * factor) / 100)), pointer);
}

// Above the preview's size, what is seen of the page is drawn anew from its file.

const MAX_SIDE_PX = 4096;
let drawing = 0;

function drawSharplySoon() {
  clearTimeout(drawing);
  drawing = setTimeout(drawSharply, 150);
}

// The part of the page that is in sight and some of what is around it, fractions of the page.
function inSight(sheet, canvas) {
  const top = Math.max(canvas.top, 0);
  const bottom = Math.min(canvas.bottom, innerHeight);
  const part = (from, to, start, size) => {
    const around = 0.2 * (to - from);
    const at = (place) => Math.min(1, Math.max(0, (place - start) / size));
    return [Math.floor(100 * at(from - around)) / 100, Math.ceil(100 * at(to + around)) / 100];
  };
  const [x0, x1] = part(canvas.left, canvas.right, sheet.left, sheet.width);
  const [y0, y1] = part(top, bottom, sheet.top, sheet.height);
  return bottom > top && x1 > x0 && y1 > y0 ? { x0, y0, x1, y1 } : null;
}

function drawSharply() {
  const sheet = one("[data-sheet]");
  const picture = one("[data-preview]");
  const place = sheet.getBoundingClientRect();
  const wanted = place.width * devicePixelRatio;
  const part = inSight(place, one("[data-canvas]").getBoundingClientRect());
  const isLarger = wanted > 1.05 * Number(picture.getAttribute("width"));
  const heat = one("[data-heat-layer]");
  const layers = [["page", picture, viewer.heat < 1 || !heat ? sheet.dataset.region : ""]];
  if (heat) layers.push(["heat", heat, viewer.heat > 0 ? sheet.dataset.heatRegion : ""]);
  for (const [name, below, address] of layers) {
    if (!isLarger || !address) {
      for (const old of all(`[data-sharp=${name}]`, sheet)) old.remove();
    } else if (part) {
      const width = Math.min(MAX_SIDE_PX, Math.ceil(wanted * (part.x1 - part.x0)));
      const query = new URLSearchParams({ ...part, width });
      const mark = address.includes("?") ? "&" : "?";
      laySharp(sheet, name, below, part, `${address}${mark}${query}`);
    }
  }
}

// Above the layer that it is sharper than; the one before stays until it is there.
async function laySharp(sheet, name, below, part, src) {
  if (sheet.dataset[`sharp${name}`] === src && one(`[data-sharp=${name}]`, sheet)) return;
  sheet.dataset[`sharp${name}`] = src;
  const image = new Image();
  image.alt = "";
  image.className = "sharp";
  image.dataset.sharp = name;
  if (name === "heat") image.dataset.heatLayer = "";
  image.style.left = `${100 * part.x0}%`;
  image.style.top = `${100 * part.y0}%`;
  image.style.width = `${100 * (part.x1 - part.x0)}%`;
  image.style.height = `${100 * (part.y1 - part.y0)}%`;
  image.src = src;
  try {
    await image.decode();
  } catch {
    return; // the file is not there any more, or too many ask: the preview does
  }
  if (sheet.dataset[`sharp${name}`] !== src) return;
  for (const old of all(`[data-sharp=${name}]`, sheet)) old.remove();
  below.after(image);
  applyHeat();
}

// The places that match: the page opens at the strongest.

function showPlace(at, isStep) {
  const boxes = all("[data-place]");
  if (!boxes.length) return;
  viewer.place = (at + boxes.length) % boxes.length;
  boxes.forEach((box, i) => box.classList.toggle("is-current", i === viewer.place));
  const said = one("[data-place-said]");
  if (said) said.textContent = `place ${viewer.place + 1} of ${boxes.length}`;
  const canvas = one("[data-canvas]");
  const around = canvas.getBoundingClientRect();
  const box = boxes[viewer.place].getBoundingClientRect();
  const isSeen = box.top >= around.top && box.bottom <= Math.min(around.bottom, innerHeight);
  const isWithin = box.left >= around.left && box.right <= around.right;
  if (!isSeen) canvas.scrollTop += (box.top + box.bottom) / 2 - (around.top + around.bottom) / 2;
  if (!isWithin) canvas.scrollLeft += (box.left + box.right) / 2 - (around.left + around.right) / 2;
  if (isStep) boxes[viewer.place].scrollIntoView({ block: "nearest", inline: "nearest" });
}

function stepPlace(step) {
  showPlace(viewer.place + step, true);
}

function pointAtWords() {
  const boxes = all(".word-boxes rect");
  for (const button of all("[data-word]")) {
    const mine = button.dataset.word.split(" ").map((number) => boxes[number]);
    const point = (isOn) => mine.forEach((box) => box.classList.toggle("is-pointed-at", isOn));
    button.addEventListener("mouseenter", () => point(true));
    button.addEventListener("mouseleave", () => point(false));
    button.addEventListener("focus", () => point(true));
    button.addEventListener("blur", () => point(false));
    button.addEventListener("click", () => mine[0].scrollIntoView({ block: "nearest", inline: "nearest" }));
  }
}

// What stands in the swapped parts after every switch of the heat.
function prepareViewer() {
  showScriptOnly(document);
  applyHeat();
  applyZoom();
  const slider = one("[data-heat]");
  if (slider) slider.addEventListener("input", () => setHeat(slider.value / 100));
  for (const button of all("[data-zoom]")) {
    const zoom = button.dataset.zoom;
    button.addEventListener("click", () => setZoom(Number(zoom) || zoom));
  }
  for (const button of all("[data-step-place]")) {
    button.addEventListener("click", () => stepPlace(Number(button.dataset.stepPlace)));
  }
  showPlace(0, false);
  one("[data-canvas]").addEventListener("scroll", drawSharplySoon);
  one("[data-canvas]").addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey) return; // a pinch, or the wheel with Ctrl; the wheel alone scrolls
      event.preventDefault();
      zoomBy(Math.exp(-event.deltaY / 300), event);
    },
    { passive: false },
  );
  for (const chip of all("[data-chip]")) {
    chip.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      switchHeat(chip.href);
    });
  }
  pointAtWords();
}

let switching = null; // the last switch wins, however late the others answer

async function switchHeat(href) {
  if (switching) switching.abort();
  const mine = (switching = new AbortController());
  const focused = document.activeElement && document.activeElement.matches("[data-chip]");
  const canvas = one("[data-canvas]");
  const { scrollLeft, scrollTop } = canvas;
  try {
    const answer = await fetch(href, { signal: mine.signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const parts = all("[data-swap]").map((part) => [part, page.getElementById(part.id)]);
    if (!answer.ok || parts.some(([, fresh]) => !fresh)) throw new Error("not a page view");
    const layer = one("[data-heat-layer]", page);
    if (layer) await loaded(layer.getAttribute("src"));
    if (mine.signal.aborted) return;
    for (const [part, fresh] of parts) part.replaceWith(document.adoptNode(fresh));
  } catch (error) {
    if (error.name !== "AbortError") location.assign(href);
    return;
  }
  history.replaceState(null, "", href);
  if (viewer.heat === 0) viewer.heat = 1;
  prepareViewer();
  const fresh = one("[data-canvas]");
  fresh.scrollLeft = scrollLeft;
  fresh.scrollTop = scrollTop;
  const current = one("[data-chip][aria-current]");
  if (focused && current) current.focus();
}

// The picture is there before it is shown: no flash of the bare page.
function loaded(src) {
  return new Promise((resolve) => {
    const image = new Image();
    image.onload = image.onerror = resolve;
    image.src = src;
  });
}

// What a button copies: the text of the elements it names, or where they lead, a line each.
function copyOnClick(button) {
  const sources = button.dataset.copy.split(" ").map((id) => document.getElementById(id));
  button.addEventListener("click", async () => {
    const text = sources.map((source) => source.href || source.textContent).join("\n");
    try {
      await navigator.clipboard.writeText(text);
      const before = button.textContent;
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = before), 2000);
      one("[data-copied]").textContent = "Copied";
    } catch {
      // not a secure context, or not allowed: selected, it can be copied by hand
      getSelection().selectAllChildren(sources[0]);
    }
  });
}

// Keys.

function turnTo(name) {
  const link = one(`[data-turn="${name}"]`);
  if (link) link.click();
}

function stepHit(step) {
  const links = all("[data-hit] h2 a").filter((link) => !link.closest("[data-below]:not([open])"));
  const at = links.indexOf(document.activeElement);
  const next = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step];
  if (next) next.focus();
}

// The pages beside the hit that has the focus, or beside all of them.
function toggleOthers() {
  const hit = document.activeElement.closest("[data-hit]");
  const lists = all("[data-others]", hit || document);
  const isOpen = lists.some((list) => list.open);
  for (const list of lists) list.open = !isOpen;
}

const pageKeys = {
  j: () => turnTo("next-hit"),
  k: () => turnTo("previous-hit"),
  n: () => turnTo("next-page"),
  p: () => turnTo("previous-page"),
  "+": () => zoomBy(1.25),
  "=": () => zoomBy(1.25),
  "-": () => zoomBy(0.8),
  0: () => setZoom("fit"),
  m: () => stepPlace(1),
  M: () => stepPlace(-1),
  h: () => setHeat(viewer.heat > 0 ? 0 : 1),
};
const arrowKeys = { ArrowRight: pageKeys.j, ArrowLeft: pageKeys.k };
const hitKeys = { j: () => stepHit(1), k: () => stepHit(-1), o: toggleOthers };

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const target = event.target;
  if (target.matches("input, textarea, select")) return;
  if (event.key === "/") {
    event.preventDefault();
    one("#q").focus();
    one("#q").select();
    return;
  }
  const canvas = one("[data-canvas]");
  // arrows scroll a picture that is larger than its window
  const scrolls = canvas && canvas.contains(target) && canvas.scrollWidth > canvas.clientWidth;
  const keys = canvas ? { ...pageKeys, ...(scrolls ? {} : arrowKeys) } : hitKeys;
  if (Object.hasOwn(keys, event.key)) {
    event.preventDefault();
    keys[event.key]();
  }
}

showScriptOnly(document);
for (const form of all("[data-ask]")) tidyAddress(form);
for (const section of all("[data-by-image]")) acceptImages(section);
for (const note of all("[data-loading]")) waitForModel(note);
for (const button of all("[data-copy]")) copyOnClick(button);
if (one("[data-canvas]")) {
  prepareViewer();
  for (const change of ["scroll", "resize"]) addEventListener(change, drawSharplySoon);
}
if (one("#q")) addEventListener("keydown", onKey);
