// Requests to the server, and helpers of all tabs. Paths are relative, for proxies with a prefix.

const KEY = "babelite-key";

/** A failed request; its message is shown to the user. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export function useKey(key) {
  sessionStorage.setItem(KEY, key);
}

async function request(path, options = {}) {
  const headers = { ...options.headers };
  const key = sessionStorage.getItem(KEY);
  if (key) headers.Authorization = `Bearer ${key}`;
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The server does not respond.");
  }
  if (response.ok) return response.json();
  if (response.status === 401) document.dispatchEvent(new Event("key-needed"));
  let message = `The server returned status ${response.status}.`;
  try {
    message = (await response.json()).error.message;
  } catch {
    // not JSON, for example the response of a proxy
  }
  throw new ApiError(response.status, message);
}

export const get = (path) => request(path);

export function post(path, body, signal) {
  return request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
}

const vectors = new Map();
const MAX_CACHED = 5000;

function decode(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

/** The vectors of texts, cached. */
export async function embed(texts, signal) {
  const missing = [...new Set(texts)].filter((text) => !vectors.has(text));
  if (missing.length) {
    const body = { input: missing, encoding_format: "base64" };
    const { data } = await post("v1/embeddings", body, signal);
    if (vectors.size > MAX_CACHED) {
      for (const text of [...vectors.keys()]) if (!texts.includes(text)) vectors.delete(text);
    }
    for (const { index, embedding } of data) vectors.set(missing[index], decode(embedding));
  }
  return texts.map((text) => vectors.get(text));
}

/** Runs a task shortly after the last call and cancels the previous run. */
export function debounced(task, report) {
  let timer;
  let running;
  return (wait = 300) => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      running?.abort();
      const controller = (running = new AbortController());
      try {
        await task(controller.signal);
      } catch (error) {
        if (error.name !== "AbortError" && controller === running) report(error.message);
      }
    }, wait);
  };
}

/** An element with plain text. */
export function createElement(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/** A similarity as a bar and a number. */
export function scoreBar(score, tag = "span") {
  const element = createElement(tag, "score");
  const bar = createElement("i");
  bar.style.setProperty("--s", Math.min(Math.max(score, 0), 1).toFixed(3));
  bar.setAttribute("aria-hidden", "true");
  element.append(bar, createElement("span", "", score.toFixed(2)));
  return element;
}

/** A status line; the warnings of a response follow it. */
export function showStatus(element, text, isError = false, warnings = []) {
  element.replaceChildren(text, ...warnings.map((warning) => createElement("span", "warning", warning)));
  element.classList.toggle("wrong", isError);
}
