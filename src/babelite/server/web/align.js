// The Align tab: two texts, their sentences side by side.

import { debounced, createElement, post, showStatus } from "./api.js";
import { TEXTS, addExamples } from "./examples.js";

const sides = ["source", "target"];
const field = (side) => document.getElementById(side);
const language = (side) => document.getElementById(`${side}-language`);
const status = document.getElementById("align-status");
const list = document.getElementById("pairs");

function column(sentences, side) {
  const element = createElement("div", "side");
  element.lang = language(side).value;
  for (const sentence of sentences) {
    const paragraph = createElement("p", "", sentence);
    paragraph.dir = "auto";
    element.append(paragraph);
  }
  return element;
}

function link({ source, target, score }) {
  const element = createElement("div", "link");
  if (!source.length || !target.length) {
    element.textContent = "no match";
    return element;
  }
  const bar = createElement("i");
  bar.style.setProperty("--s", Math.min(Math.max(score, 0), 1).toFixed(3));
  bar.setAttribute("aria-hidden", "true");
  element.append(createElement("b", "", score.toFixed(2)), bar);
  if (source.length !== 1 || target.length !== 1) {
    element.append(createElement("span", "", `${source.length} to ${target.length}`));
  }
  return element;
}

async function align(signal) {
  const [source, target] = sides.map((side) => field(side).value);
  if (!source.trim() || !target.trim()) {
    list.replaceChildren();
    showStatus(status, "Enter a text on each side.");
    return;
  }
  const response = await post(
    "v1/align",
    {
      source,
      target,
      source_language: language("source").value,
      target_language: language("target").value,
    },
    signal,
  );
  list.replaceChildren(
    ...response.pairs.map((pair) => {
      const matched = pair.source.length && pair.target.length;
      const item = createElement("li", matched ? "pair" : "pair unmatched");
      item.append(
        column(pair.source.map((i) => response.source[i]), "source"),
        link(pair),
        column(pair.target.map((i) => response.target[i]), "target"),
      );
      return item;
    }),
  );
  const unmatched = response.pairs.filter(({ source: s, target: t }) => !s.length || !t.length).length;
  const [n, m] = [response.source.length, response.target.length];
  const rest = unmatched ? `; ${unmatched} unmatched` : "";
  showStatus(status, `${n} and ${m} sentences in ${response.pairs.length - unmatched} segment pairs${rest}.`, false, response.warnings);
}

export const refresh = debounced(align, (message) => showStatus(status, message, true));

export function start(languages) {
  const names = new Intl.DisplayNames(["en"], { type: "language" });
  const codes = languages.length ? languages : ["en", "de", "fr", "es", "it"];
  for (const side of sides) {
    for (const code of [...codes].sort()) {
      const option = createElement("option", "", names.of(code) ?? code);
      option.value = code;
      language(side).append(option);
    }
    language(side).addEventListener("change", () => refresh());
    field(side).addEventListener("input", () => refresh(500));
  }
  const choose = (name) => {
    for (const side of sides) {
      const [code, text] = TEXTS[name][side];
      field(side).value = text;
      if (codes.includes(code)) language(side).value = code;
    }
    refresh(0);
  };
  addExamples(document.getElementById("align-examples"), Object.keys(TEXTS), choose);
  choose(Object.keys(TEXTS)[0]);
}
