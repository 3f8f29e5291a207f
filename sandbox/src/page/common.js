"use strict";
// What both halves of the page share: asking, making elements, and showing them without taking the keyboard away.

const byId = (id) => document.getElementById(id);
const trouble = byId("trouble");
const clock = (at) => new Date(at).toLocaleTimeString();
const shillings = (amount) => "TZS " + Number(amount).toLocaleString("en");

// Everything that comes from outside goes in as text, never as HTML.
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) made[key] = value; else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function choice(attributes, words, chosen) {
  const made = element("select", attributes, ...words.map((word) => element("option", {}, word)));
  made.value = chosen;
  return made;
}

async function ask(path, body, method) {
  const options = body === undefined ? {} :
    { method: method || "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, options);
  const json = await answer.json();
  if (!answer.ok) throw new Error(json.detail || answer.statusText);
  return json;
}

// Does something, says what went wrong, and looks again.
async function act(path, body, method) {
  let answer = null;
  try { answer = await ask(path, body, method); trouble.textContent = ""; } catch (error) { trouble.textContent = error.message; }
  await look();
  return answer;
}

// Shows `children()` in a place when what they show has changed. Whatever had the keyboard there has it again, by its
// `data-key`; an open list or a field that is being typed into is left alone.
const shown = new Map();
function show(id, what, children) {
  const place = byId(id), now = JSON.stringify(what), active = document.activeElement;
  if (shown.get(id) === now) return;
  const inside = place.contains(active);
  if (inside && (active.tagName === "INPUT" || active.tagName === "SELECT")) return;
  shown.set(id, now);
  const key = inside && active.dataset.key;
  place.replaceChildren(...children());
  if (key) {
    const again = place.querySelector("[data-key='" + CSS.escape(key) + "']");
    (again || place.querySelector("button") || place).focus();
  }
}

const looks = [];
async function look() {
  for (const one of looks) await one();
}

let away = false;
async function poll() {
  try {
    await look();
    if (away) { away = false; trouble.textContent = ""; }
  } catch (error) {
    away = true;
    trouble.textContent = "The sandbox does not answer: " + error.message;
  }
  setTimeout(poll, 1000);
}
addEventListener("DOMContentLoaded", poll);
