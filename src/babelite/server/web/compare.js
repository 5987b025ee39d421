// Sentences in, groups of translations and their picture out.

import { embed, lately, make, say, scoreBar } from "./api.js";
import { SENTENCES, addExamples } from "./examples.js";
import { closeness, groups, nearest, similarities } from "./groups.js";
import { showMatrix } from "./matrix.js";

const MOST = 200;

const field = document.getElementById("sentences");
const threshold = document.getElementById("threshold");
const thresholdValue = document.getElementById("threshold-value");
const status = document.getElementById("compare-status");
const list = document.getElementById("groups");

let texts = [];
let similarity = [];
let cut = 0;

function line(index, score) {
  const item = make("div", "line");
  const text = make("span", "text", texts[index]);
  text.dir = "auto";
  item.append(make("span", "", String(index + 1)), text);
  if (score !== null) item.append(scoreBar(score));
  return item;
}

function card({ members, score }) {
  const item = make("li", "group");
  const title = `${members.length} sentences, on average ${score.toFixed(2)} alike`;
  item.append(make("h3", "", title));
  item.append(...members.map((member) => line(member, closeness(similarity, members, member))));
  return item;
}

function aloneCard(alone) {
  const item = make("li", "group alone");
  item.append(make("h3", "", alone.length > 1 ? `${alone.length} on their own` : "On its own"));
  for (const one of alone) {
    const row = line(one, null);
    const other = nearest(similarity, one);
    if (other >= 0) {
      const text = `nearest is ${other + 1}, with ${similarity[one][other].toFixed(2)}`;
      row.append(make("span"), make("span", "near", text));
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
  const alone = found.filter(({ members }) => members.length === 1).map(({ members }) => members[0]);
  list.replaceChildren(...together.map(card), ...(alone.length ? [aloneCard(alone)] : []));
  let summary = `${counted(texts.length, "sentence", "sentences")}, ${counted(together.length, "group", "groups")} of translations`;
  if (alone.length) summary += `, ${alone.length} alone`;
  if (cut) summary += `; the other ${cut} lines are left out`;
  say(status, texts.length ? `${summary}.` : "Write a sentence or two.");
  const byMeaning = document.querySelector("[name=order]:checked").value === "meaning";
  const ordered = [...together.map(({ members }) => members), ...alone.map((one) => [one])];
  showMatrix(
    texts,
    similarity,
    byMeaning ? ordered.flat() : texts.map((_, i) => i),
    byMeaning ? ordered.map((members) => members.length) : [],
  );
}

async function compare(signal) {
  const lines = field.value.split("\n").map((text) => text.trim()).filter(Boolean);
  const wanted = lines.slice(0, MOST);
  const vectors = await embed(wanted, signal);
  [texts, cut, similarity] = [wanted, lines.length - wanted.length, similarities(vectors)];
  show();
}

export const refresh = lately(compare, (message) => say(status, message, true));

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
