// The whole page: tabs, model facts, API key.

import * as align from "./align.js";
import { get, useKey } from "./api.js";
import * as compare from "./compare.js";
import * as search from "./search.js";

const PARTS = { compare, align, search };
const tabs = [...document.querySelectorAll("[role=tab]")];
const keyForm = document.getElementById("key-form");

function select(tab, focus = false) {
  for (const other of tabs) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", String(chosen));
    other.tabIndex = chosen ? 0 : -1;
    document.getElementById(other.getAttribute("aria-controls")).hidden = !chosen;
  }
  if (focus) tab.focus();
  history.replaceState(null, "", `#${tab.getAttribute("aria-controls")}`);
}

function startTabs() {
  for (const tab of tabs) {
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", (event) => {
      const there = tabs.filter((other) => !other.hidden);
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) select(there.at((there.indexOf(tab) + step) % there.length), true);
      if (event.key === "Home") select(there[0], true);
      if (event.key === "End") select(there.at(-1), true);
    });
  }
  const wanted = tabs.find((tab) => `#${tab.getAttribute("aria-controls")}` === location.hash);
  if (wanted && !wanted.hidden) select(wanted);
}

function describe(model) {
  const facts = [model.id, `${model.dimensions} dimensions`];
  document.getElementById("model").textContent = facts.join(" · ");
  if (!model.languages.length) return;
  const names = new Intl.DisplayNames(["en"], { type: "language" });
  const languages = model.languages.map((code) => names.of(code) ?? code).sort();
  const list = new Intl.ListFormat("en", { type: "disjunction" }).format(languages);
  document.getElementById("languages").textContent = list;
}

async function start() {
  const health = await get("healthz");
  if (health.index_lines !== null) {
    document.getElementById("tab-search").hidden = false;
    search.start(health.index_lines);
  }
  startTabs();
  compare.start();
  const model = (await get("v1/models")).data[0];
  describe(model);
  align.start(model.languages);
}

document.addEventListener("key-needed", () => {
  keyForm.hidden = false;
});
keyForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  useKey(document.getElementById("key").value);
  keyForm.hidden = true;
  try {
    const model = (await get("v1/models")).data[0];
    describe(model);
    if (!document.querySelector("#source-language option")) align.start(model.languages);
  } catch {
    return; // wrong key: the form is shown again
  }
  for (const part of Object.values(PARTS)) part.refresh(0);
});

start().catch((error) => {
  const status = document.getElementById("compare-status");
  status.textContent = error.message;
  status.classList.add("wrong");
});
