// A query in, the nearest lines of the index out.

import { lately, make, post, say, scoreBar } from "./api.js";

const HITS = 20;

const field = document.getElementById("query");
const status = document.getElementById("search-status");
const list = document.getElementById("hits");

function card({ score, text, source, line }) {
  const item = make("li", "hit");
  const paragraph = make("p", "", text);
  paragraph.dir = "auto";
  item.append(paragraph, scoreBar(score), make("small", "", `${source}, line ${line}`));
  return item;
}

async function search(signal) {
  const query = field.value.trim();
  if (!query) {
    list.replaceChildren();
    say(status, "");
    return;
  }
  const { results } = await post("v1/search", { query, k: HITS }, signal);
  list.replaceChildren(...results[0].hits.map(card));
  say(status, results[0].hits.length ? "Nearest first; 1 is the same meaning." : "The index is empty.");
}

export const refresh = lately(search, (message) => say(status, message, true));

export function start(lines) {
  const words = lines === 1 ? "line" : "lines";
  document.getElementById("index-size").textContent = `in ${lines.toLocaleString("en")} ${words}`;
  field.addEventListener("input", () => refresh());
  document.getElementById("search-form").addEventListener("submit", (event) => {
    event.preventDefault();
    refresh(0);
  });
}
