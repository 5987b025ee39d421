// The Compare tab: groups of translations and the similarity matrix.

import { embed, debounced, createElement, showStatus, scoreBar } from "./api.js";
import { SENTENCES, addExamples } from "./examples.js";
import { meanSimilarity, groups, nearest, similarities } from "./groups.js";
import { showMatrix } from "./matrix.js";

const MAX_SENTENCES = 200;

const field = document.getElementById("sentences");
const threshold = document.getElementById("threshold");
const thresholdValue = document.getElementById("threshold-value");
const status = document.getElementById("compare-status");
const list = document.getElementById("groups");

let texts = [];
let similarity = [];
let ignored = 0;
let unreadable = 0; // sentences with the zero vector

function line(index, score) {
  const item = createElement("div", "line");
  const text = createElement("span", "text", texts[index]);
  text.dir = "auto";
  item.append(createElement("span", "", String(index + 1)), text);
  if (score !== null) item.append(scoreBar(score));
  return item;
}

function card({ members, score }) {
  const item = createElement("li", "group");
  const title = `${members.length} sentences, mean similarity ${score.toFixed(2)}`;
  item.append(createElement("h3", "", title));
  item.append(...members.map((member) => line(member, meanSimilarity(similarity, members, member))));
  return item;
}

function unmatchedCard(unmatched) {
  const item = createElement("li", "group unmatched");
  item.append(createElement("h3", "", unmatched.length > 1 ? `No match: ${unmatched.length} sentences` : "No match"));
  for (const one of unmatched) {
    const row = line(one, null);
    const other = nearest(similarity, one);
    if (other >= 0) {
      const text = `most similar: ${other + 1} (${similarity[one][other].toFixed(2)})`;
      row.append(createElement("span"), createElement("span", "near", text));
    }
    item.append(row);
  }
  return item;
}

function counted(number, one, several) {
  return `${number} ${number === 1 ? one : several}`;
}

function show() {
  thresholdValue.textContent = Number(threshold.value).toFixed(2);
  const found = groups(similarity, Number(threshold.value));
  const together = found.filter(({ members }) => members.length > 1);
  const unmatched = found.filter(({ members }) => members.length === 1).map(({ members }) => members[0]);
  list.replaceChildren(...together.map(card), ...(unmatched.length ? [unmatchedCard(unmatched)] : []));
  let summary = `${counted(texts.length, "sentence", "sentences")}, ${counted(together.length, "group", "groups")} of translations`;
  if (unmatched.length) summary += `, ${unmatched.length} without a match`;
  if (ignored) summary += `; ${ignored} more lines were ignored`;
  const have = counted(unreadable, "sentence has", "sentences have");
  const warnings = unreadable ? [`${have} no word or number that the model knows.`] : [];
  showStatus(status, texts.length ? `${summary}.` : "Enter some sentences.", false, warnings);
  const grouped = document.querySelector("[name=order]:checked").value === "grouped";
  const ordered = [...together.map(({ members }) => members), ...unmatched.map((one) => [one])];
  showMatrix(
    texts,
    similarity,
    grouped ? ordered.flat() : texts.map((_, i) => i),
    grouped ? ordered.map((members) => members.length) : [],
  );
}

async function compare(signal) {
  const lines = field.value.split("\n").map((text) => text.trim()).filter(Boolean);
  const wanted = lines.slice(0, MAX_SENTENCES);
  const vectors = await embed(wanted, signal);
  [texts, ignored, similarity] = [wanted, lines.length - wanted.length, similarities(vectors)];
  unreadable = vectors.filter((vector) => !vector.some(Boolean)).length;
  show();
}

export const refresh = debounced(compare, (message) => showStatus(status, message, true));

export function start() {
  const choose = (name) => {
    field.value = SENTENCES[name];
    refresh(0);
  };
  addExamples(document.getElementById("compare-examples"), Object.keys(SENTENCES), choose);
  field.addEventListener("input", () => refresh());
  threshold.addEventListener("input", show);
  document.querySelectorAll("[name=order]").forEach((radio) => radio.addEventListener("change", show));
  choose(Object.keys(SENTENCES)[0]);
}
