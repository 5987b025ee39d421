// What the page asks of the server. Paths are relative: a proxy may show the server anywhere.

const KEY = "babelite-key";

/** An answer that is no success; its message is meant for people. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export function useKey(key) {
  sessionStorage.setItem(KEY, key);
}

async function ask(path, options = {}) {
  const headers = { ...options.headers };
  const key = sessionStorage.getItem(KEY);
  if (key) headers.Authorization = `Bearer ${key}`;
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "The server does not answer.");
  }
  if (answer.ok) return answer.json();
  if (answer.status === 401) document.dispatchEvent(new Event("key-needed"));
  let message = `The server answered with status ${answer.status}.`;
  try {
    message = (await answer.json()).error.message;
  } catch {
    // no JSON: a proxy's answer, say
  }
  throw new Refused(answer.status, message);
}

export const get = (path) => ask(path);

export function post(path, body, signal) {
  return ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
}

const vectors = new Map();
const REMEMBERED = 5000;

function decode(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

/** The vectors of texts; only those that were not asked for before are asked for. */
export async function embed(texts, signal) {
  const unknown = [...new Set(texts)].filter((text) => !vectors.has(text));
  if (unknown.length) {
    const body = { input: unknown, encoding_format: "base64" };
    const { data } = await post("v1/embeddings", body, signal);
    if (vectors.size > REMEMBERED) {
      for (const text of [...vectors.keys()]) if (!texts.includes(text)) vectors.delete(text);
    }
    for (const { index, embedding } of data) vectors.set(unknown[index], decode(embedding));
  }
  return texts.map((text) => vectors.get(text));
}

/** Runs a task a moment after the last call; a newer one stops an older one. */
export function lately(task, report) {
  let timer;
  let running;
  return (wait = 300) => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      running?.abort();
      const mine = (running = new AbortController());
      try {
        await task(mine.signal);
      } catch (error) {
        if (error.name !== "AbortError" && mine === running) report(error.message);
      }
    }, wait);
  };
}

/** An element with text in it, and never markup. */
export function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/** A score as a number and a bar. */
export function scoreBar(score, tag = "span") {
  const element = make(tag, "score");
  const bar = make("i");
  bar.style.setProperty("--s", Math.min(Math.max(score, 0), 1).toFixed(3));
  bar.setAttribute("aria-hidden", "true");
  element.append(bar, make("span", "", score.toFixed(2)));
  return element;
}

export function say(element, text, wrong = false) {
  element.textContent = text;
  element.classList.toggle("wrong", wrong);
}
