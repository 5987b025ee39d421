// The similarity matrix: one cell per pair, selected with the pointer or the arrow keys.

import { createElement } from "./api.js";

const MAX_CELL = 40;
const MIN_CELL = 3;
const MIN_CELL_WITH_NUMBER = 27;
const MIN_CELL_WITH_NAME = 9;

const picture = document.getElementById("picture");
const names = document.getElementById("names");
const canvas = document.getElementById("cells");
const readout = document.getElementById("readout");
const context = canvas.getContext("2d");

let shown = { texts: [], similarity: [], order: [], sizes: [] };
let cell = MAX_CELL;
let header = 0;
let selected = null;

/** Draw the matrix in an order of the sentences; `sizes` are the sizes of consecutive groups. */
export function showMatrix(texts, similarity, order, sizes) {
  shown = { texts, similarity, order, sizes };
  selected = null;
  names.replaceChildren(
    ...order.map((i) => {
      const item = createElement("li");
      const text = createElement("span", "", texts[i]);
      text.dir = "auto";
      item.append(text, createElement("b", "", String(i + 1)));
      return item;
    }),
  );
  draw();
  showSelection();
}

function colour(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
}

function draw() {
  const n = shown.order.length;
  if (!n || !picture.clientWidth) return;
  const narrow = matchMedia("(max-width: 46rem)").matches;
  const room = picture.clientWidth - (narrow ? 28 : Math.min(picture.clientWidth * 0.42, 330) + 12);
  cell = Math.max(MIN_CELL, Math.min(MAX_CELL, Math.floor(room / n)));
  const tiny = cell < MIN_CELL_WITH_NAME;
  if (tiny) cell = Math.max(MIN_CELL, Math.min(MAX_CELL, Math.floor(picture.clientWidth / n)));
  names.classList.toggle("tiny", tiny);
  header = cell >= 14 ? 20 : 0;
  picture.style.setProperty("--cell", `${cell}px`);
  picture.style.setProperty("--top", `${header}px`);
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [n * cell, n * cell + header];
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  context.setTransform(scale, 0, 0, scale, 0, 0);
  paint(n);
}

function paint(n) {
  const [card, accent, ink, quiet] = ["--card", "--accent", "--ink", "--quiet"].map(colour);
  const dark = card[0] < accent[0] + accent[1];
  const gap = cell > 7 ? 1 : 0;
  context.clearRect(0, 0, n * cell, n * cell + header);
  context.textAlign = "center";
  context.textBaseline = "middle";
  const family = "system-ui, sans-serif";
  shown.order.forEach((column, x) => {
    if (!header) return;
    context.font = `${cell < 20 ? 9 : 12}px ${family}`;
    context.fillStyle = `rgb(${selected?.x === x ? ink : quiet})`;
    context.fillText(column + 1, (x + 0.5) * cell, 9);
  });
  shown.order.forEach((row, y) => {
    shown.order.forEach((column, x) => {
      const score = shown.similarity[row][column];
      const share = Math.min(Math.max(score, 0), 1);
      const mixed = card.map((c, i) => Math.round(c + (accent[i] - c) * share));
      context.fillStyle = `rgb(${mixed})`;
      context.fillRect(x * cell, header + y * cell, cell - gap, cell - gap);
      if (cell >= MIN_CELL_WITH_NUMBER && x !== y && score >= 0.2) {
        const light = (0.3 * mixed[0] + 0.59 * mixed[1] + 0.11 * mixed[2]) > 128;
        context.font = `${cell < 34 ? 10.5 : 12}px ${family}`;
        context.fillStyle = light ? "#0d1419" : "#ffffff";
        context.fillText(score.toFixed(2).replace(/^0/, ""), (x + 0.5) * cell - 0.5, header + (y + 0.5) * cell);
      }
    });
  });
  let start = 0;
  context.strokeStyle = `rgb(${ink})`;
  for (const size of shown.sizes) {
    if (size > 1) {
      context.lineWidth = 1.5;
      context.strokeRect(start * cell - gap / 2 + 0.5, header + start * cell - gap / 2 + 0.5, size * cell - 1, size * cell - 1);
    }
    start += size;
  }
  if (selected) {
    context.lineWidth = 2.5;
    context.strokeStyle = dark ? "#ffffff" : "#000000";
    context.strokeRect(selected.x * cell + 1, header + selected.y * cell + 1, cell - 3, cell - 3);
  }
}

function showSelection() {
  names.childNodes.forEach((item, y) => item.classList.toggle("here", selected?.y === y));
  if (!selected) {
    readout.replaceChildren(createElement("small", "", "Point at a cell, or use the arrow keys, to see a pair of sentences."));
    return;
  }
  const [row, column] = [shown.order[selected.y], shown.order[selected.x]];
  readout.replaceChildren(
    createElement("b", "", shown.similarity[row][column].toFixed(2)),
    createElement("small", "", `${row + 1} `), `${shown.texts[row]} `, createElement("br"),
    createElement("small", "", `${column + 1} `), shown.texts[column],
  );
}

function select(x, y) {
  const n = shown.order.length;
  if (!n) return;
  selected = { x: Math.min(Math.max(x, 0), n - 1), y: Math.min(Math.max(y, 0), n - 1) };
  paint(n);
  showSelection();
}

function selectAtPointer(event) {
  const box = canvas.getBoundingClientRect();
  const x = Math.floor((event.clientX - box.left) / cell);
  const y = Math.floor((event.clientY - box.top - header) / cell);
  if (y >= 0 && (selected?.x !== x || selected?.y !== y)) select(x, y);
}

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

canvas.addEventListener("pointermove", selectAtPointer);
canvas.addEventListener("pointerdown", selectAtPointer);
canvas.addEventListener("focus", () => selected || select(0, 0));
canvas.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  if (!step || !selected) return;
  event.preventDefault();
  select(selected.x + step[0], selected.y + step[1]);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
new ResizeObserver(draw).observe(picture);
