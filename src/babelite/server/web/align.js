// Two texts in, their sentences side by side out.

import { lately, make, post, say } from "./api.js";
import { TEXTS, addExamples } from "./examples.js";

const sides = ["source", "target"];
const field = (side) => document.getElementById(side);
const language = (side) => document.getElementById(`${side}-language`);
const status = document.getElementById("align-status");
const list = document.getElementById("beads");

function column(sentences, side) {
  const element = make("div", "side");
  element.lang = language(side).value;
  for (const sentence of sentences) {
    const paragraph = make("p", "", sentence);
    paragraph.dir = "auto";
    element.append(paragraph);
  }
  return element;
}

function link({ source, target, score }) {
  const element = make("div", "link");
  if (!source.length || !target.length) {
    element.textContent = "no counterpart";
    return element;
  }
  const bar = make("i");
  bar.style.setProperty("--s", Math.min(Math.max(score, 0), 1).toFixed(3));
  bar.setAttribute("aria-hidden", "true");
  element.append(make("b", "", score.toFixed(2)), bar);
  if (source.length !== 1 || target.length !== 1) {
    element.append(make("span", "", `${source.length} to ${target.length}`));
  }
  return element;
}

async function align(signal) {
  const [source, target] = sides.map((side) => field(side).value);
  if (!source.trim() || !target.trim()) {
    list.replaceChildren();
    say(status, "Paste a text on either side.");
    return;
  }
  const answer = await post(
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
    ...answer.beads.map((bead) => {
      const matched = bead.source.length && bead.target.length;
      const item = make("li", matched ? "bead" : "bead lost");
      item.append(
        column(bead.source.map((i) => answer.source[i]), "source"),
        link(bead),
        column(bead.target.map((i) => answer.target[i]), "target"),
      );
      return item;
    }),
  );
  const lost = answer.beads.filter(({ source: s, target: t }) => !s.length || !t.length).length;
  const [n, m] = [answer.source.length, answer.target.length];
  const rest = lost ? `; ${lost} without a counterpart` : "";
  say(status, `${n} sentences and ${m}, in ${answer.beads.length - lost} pairs${rest}.`);
}

export const refresh = lately(align, (message) => say(status, message, true));

export function start(languages) {
  const names = new Intl.DisplayNames(["en"], { type: "language" });
  const codes = languages.length ? languages : ["en", "de", "fr", "es", "it"];
  for (const side of sides) {
    for (const code of [...codes].sort()) {
      const option = make("option", "", names.of(code) ?? code);
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
