// The picture of all similarities: a cell for each pair, to be looked at with a pointer or the keys.

import { make } from "./api.js";

const LARGEST = 40;
const SMALLEST = 3;
const WITH_NUMBERS = 27;
const WITH_NAMES = 9;

const picture = document.getElementById("picture");
const names = document.getElementById("names");
const canvas = document.getElementById("cells");
const readout = document.getElementById("readout");
const context = canvas.getContext("2d");

let shown = { texts: [], similarity: [], order: [], sizes: [] };
let cell = LARGEST;
let top_ = 0;
let here = null;

/** Show sentences in an order; `sizes` are those of the groups that follow each other in it. */
export function showMatrix(texts, similarity, order, sizes) {
  shown = { texts, similarity, order, sizes };
  here = null;
  names.replaceChildren(
    ...order.map((i) => {
      const item = make("li");
      const text = make("span", "", texts[i]);
      text.dir = "auto";
      item.append(text, make("b", "", String(i + 1)));
      return item;
    }),
  );
  draw();
  tell();
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
  cell = Math.max(SMALLEST, Math.min(LARGEST, Math.floor(room / n)));
  const tiny = cell < WITH_NAMES;
  if (tiny) cell = Math.max(SMALLEST, Math.min(LARGEST, Math.floor(picture.clientWidth / n)));
  names.classList.toggle("tiny", tiny);
  top_ = cell >= 14 ? 20 : 0;
  picture.style.setProperty("--cell", `${cell}px`);
  picture.style.setProperty("--top", `${top_}px`);
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [n * cell, n * cell + top_];
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
  context.clearRect(0, 0, n * cell, n * cell + top_);
  context.textAlign = "center";
  context.textBaseline = "middle";
  const family = "system-ui, sans-serif";
  shown.order.forEach((column, x) => {
    if (!top_) return;
    context.font = `${cell < 20 ? 9 : 12}px ${family}`;
    context.fillStyle = `rgb(${here?.x === x ? ink : quiet})`;
    context.fillText(column + 1, (x + 0.5) * cell, 9);
  });
  shown.order.forEach((row, y) => {
    shown.order.forEach((column, x) => {
      const score = shown.similarity[row][column];
      const share = Math.min(Math.max(score, 0), 1);
      const mixed = card.map((c, i) => Math.round(c + (accent[i] - c) * share));
      context.fillStyle = `rgb(${mixed})`;
      context.fillRect(x * cell, top_ + y * cell, cell - gap, cell - gap);
      if (cell >= WITH_NUMBERS && x !== y && score >= 0.2) {
        const light = (0.3 * mixed[0] + 0.59 * mixed[1] + 0.11 * mixed[2]) > 128;
        context.font = `${cell < 34 ? 10.5 : 12}px ${family}`;
        context.fillStyle = light ? "#0d1419" : "#ffffff";
        context.fillText(score.toFixed(2).replace(/^0/, ""), (x + 0.5) * cell - 0.5, top_ + (y + 0.5) * cell);
      }
    });
  });
  let start = 0;
  context.strokeStyle = `rgb(${ink})`;
  for (const size of shown.sizes) {
    if (size > 1) {
      context.lineWidth = 1.5;
      context.strokeRect(start * cell - gap / 2 + 0.5, top_ + start * cell - gap / 2 + 0.5, size * cell - 1, size * cell - 1);
    }
    start += size;
  }
  if (here) {
    context.lineWidth = 2.5;
    context.strokeStyle = dark ? "#ffffff" : "#000000";
    context.strokeRect(here.x * cell + 1, top_ + here.y * cell + 1, cell - 3, cell - 3);
  }
}

function tell() {
  names.childNodes.forEach((item, y) => item.classList.toggle("here", here?.y === y));
  if (!here) {
    readout.replaceChildren(make("small", "", "Point at a cell, or use the arrow keys on the picture, to read a pair."));
    return;
  }
  const [row, column] = [shown.order[here.y], shown.order[here.x]];
  readout.replaceChildren(
    make("b", "", shown.similarity[row][column].toFixed(2)),
    make("small", "", `${row + 1} `), `${shown.texts[row]} `, make("br"),
    make("small", "", `${column + 1} `), shown.texts[column],
  );
}

function point(x, y) {
  const n = shown.order.length;
  if (!n) return;
  here = { x: Math.min(Math.max(x, 0), n - 1), y: Math.min(Math.max(y, 0), n - 1) };
  paint(n);
  tell();
}

function pointAt(event) {
  const box = canvas.getBoundingClientRect();
  const x = Math.floor((event.clientX - box.left) / cell);
  const y = Math.floor((event.clientY - box.top - top_) / cell);
  if (y >= 0 && (here?.x !== x || here?.y !== y)) point(x, y);
}

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

canvas.addEventListener("pointermove", pointAt);
canvas.addEventListener("pointerdown", pointAt);
canvas.addEventListener("focus", () => here || point(0, 0));
canvas.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  if (!step || !here) return;
  event.preventDefault();
  point(here.x + step[0], here.y + step[1]);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
new ResizeObserver(draw).observe(picture);
