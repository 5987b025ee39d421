// The Search tab: the most similar lines of the index.

import { debounced, createElement, post, showStatus, scoreBar } from "./api.js";

const HITS = 20;

const field = document.getElementById("query");
const status = document.getElementById("search-status");
const list = document.getElementById("hits");

function card({ cosine, text, file, line }) {
  const item = createElement("li", "hit");
  const paragraph = createElement("p", "", text);
  paragraph.dir = "auto";
  item.append(paragraph, scoreBar(cosine), createElement("small", "", `${file}, line ${line}`));
  return item;
}

async function search(signal) {
  const query = field.value.trim();
  if (!query) {
    list.replaceChildren();
    showStatus(status, "");
    return;
  }
  const { results, warnings } = await post("v1/search", { query, k: HITS }, signal);
  list.replaceChildren(...results[0].hits.map(card));
  const summary = results[0].hits.length ? "Most similar first. 1: same meaning; 0: unrelated." : "No line was found.";
  showStatus(status, summary, false, warnings);
}

export const refresh = debounced(search, (message) => showStatus(status, message, true));

export function start(lines) {
  const words = lines === 1 ? "line" : "lines";
  document.getElementById("index-size").textContent = `in ${lines.toLocaleString("en")} ${words}`;
  field.addEventListener("input", () => refresh());
  document.getElementById("search-form").addEventListener("submit", (event) => {
    event.preventDefault();
    refresh(0);
  });
}
