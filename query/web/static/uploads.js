// Pagelens: files are sent one after the other, with progress; the list below follows.
"use strict";

const uploadForm = one("[data-upload]");
const uploadInput = one("input[type=file]", uploadForm);
const sending = one("[data-sending]");
const LIST_MS = 2000;

uploadInput.multiple = true;

function sendingRow(file) {
  const row = document.createElement("li");
  const name = document.createElement("bdi");
  name.textContent = file.name;
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `${file.name}, sent so far`);
  const said = document.createElement("span");
  said.className = "where";
  said.textContent = "waits";
  row.append(name, bar, said);
  sending.append(row);
  sending.hidden = false;
  return { row, bar, said };
}

// fetch tells nothing of what has been sent so far
function send(file, { bar, said }) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/documents");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      bar.value = event.loaded / event.total;
      said.textContent = `${Math.floor(100 * bar.value)} %`;
    });
    request.addEventListener("loadend", () => {
      const answer = request.response || {};
      if (request.status === 201) resolve({ file: answer.file });
      else resolve({ problem: answer.detail || "The connection broke off. Send it again." });
    });
    const body = new FormData();
    body.append("file", file);
    request.send(body);
  });
}

let queue = Promise.resolve();

function take(files) {
  for (const file of files) {
    const row = sendingRow(file);
    queue = queue.then(() => sendOne(file, row));
  }
}

async function sendOne(file, row) {
  const { maxBytes, maxSize } = uploadForm.dataset;
  const answer =
    file.size > Number(maxBytes)
      ? { problem: `Too large; at most ${maxSize} are taken.` }
      : await send(file, row);
  row.bar.remove();
  row.row.classList.toggle("failed", Boolean(answer.problem));
  row.said.textContent = answer.problem || `added${answer.file === file.name ? "" : ` as ${answer.file}`}`;
  one("[data-upload-said]").textContent = `${file.name}: ${row.said.textContent}`;
  if (!answer.problem) await showList();
}

// The list anew, but not under somebody's fingers.
async function showList() {
  const list = one("[data-uploaded]");
  try {
    const answer = await fetch("/uploads");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = one("[data-uploaded]", page);
    if (answer.ok && fresh && !list.contains(document.activeElement)) {
      list.replaceWith(document.adoptNode(fresh));
    }
  } catch {
    // the server may be starting anew: the next time
  }
}

async function keepListFresh() {
  if (!document.hidden && one('[data-state="waiting"]')) await showList();
  setTimeout(keepListFresh, LIST_MS);
}

uploadForm.addEventListener("submit", (event) => {
  event.preventDefault();
  take(uploadInput.files);
  uploadForm.reset();
});
addEventListener("dragover", (event) => {
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  uploadForm.classList.add("is-dropping");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) uploadForm.classList.remove("is-dropping");
});
addEventListener("drop", (event) => {
  event.preventDefault();
  uploadForm.classList.remove("is-dropping");
  take(event.dataTransfer.files);
});
setTimeout(keepListFresh, LIST_MS);
