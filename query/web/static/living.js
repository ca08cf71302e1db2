// Pagelens: how far an ingest is, without a reload; and what was searched for, in this browser alone.
"use strict";

// Ingest: asked often while one runs, seldom else, and not for a page that nobody looks at.

const RUNNING_MS = 2000;
const IDLE_MS = 20000;

function followIngest(note) {
  const said = one("[data-ingest-said]", note);
  const link = one("a", note);
  link.href = location.pathname + location.search;
  const show = (text) => {
    if (said.textContent !== text) said.textContent = text;
    note.classList.toggle("is-shown", text !== "");
  };
  let before = null; // pages read by then: what comes later is new on this page
  const look = async () => {
    let wait = IDLE_MS;
    if (!document.hidden) {
      try {
        const { ingest } = await (await fetch("/api/status")).json();
        // less than before: the server has started anew
        if (before === null || ingest.n_read < before) before = ingest.n_read;
        const n = ingest.n_read - before;
        const added = n > 0 ? `${n.toLocaleString("en")} new page${n === 1 ? "" : "s"} can be found.` : "";
        show(ingest.said || added);
        link.hidden = Boolean(ingest.said) || !added;
        if (["looking", "reading", "elsewhere"].includes(ingest.phase)) wait = RUNNING_MS;
      } catch {
        // the server may be starting anew: ask again
      }
    }
    setTimeout(look, wait);
  };
  look();
}

// Searches of before: kept by the browser, and sent nowhere until one is clicked.

const RECENT = "pagelens.recent";
const N_RECENT = 8;

function recentSearches() {
  try {
    const kept = JSON.parse(localStorage.getItem(RECENT));
    return Array.isArray(kept) ? kept.filter((text) => typeof text === "string") : [];
  } catch {
    return []; // not allowed, or not ours
  }
}

function keepSearch(text) {
  const others = recentSearches().filter((other) => other !== text);
  try {
    localStorage.setItem(RECENT, JSON.stringify([text, ...others].slice(0, N_RECENT)));
  } catch {
    // not allowed, or full: then there is no list
  }
}

function showRecent(section) {
  const searches = recentSearches();
  for (const text of searches) {
    const link = document.createElement("a");
    link.href = `/?${new URLSearchParams({ q: text })}`;
    link.textContent = text;
    const item = document.createElement("li");
    item.append(link);
    one("ul", section).append(item);
  }
  section.hidden = searches.length === 0;
  one("button", section).addEventListener("click", () => {
    localStorage.removeItem(RECENT);
    section.hidden = true;
    one("#q").focus();
  });
}

for (const note of all("[data-ingest]")) followIngest(note);
for (const section of all("[data-recent]")) showRecent(section);
const searchedFor = new URLSearchParams(location.search).get("q");
if (searchedFor && searchedFor.trim() && one("[data-hits]")) keepSearch(searchedFor.trim());
