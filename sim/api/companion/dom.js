// Small tools for elements. Text is always set as text: nothing from outside becomes markup.

import { now } from "./command.js";

export const $ = (id) => document.getElementById(id);

export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

// Attributes by name; true is "", false and undefined take it away.
export function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) {
      element.removeAttribute(name);
    } else if (element.getAttribute(name) !== String(value)) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
}

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

export function icon(name) {
  return svg("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("use", { href: "#i-" + name }));
}

export const kilometres = (metres) =>
  metres < 10000 ? (metres / 1000).toFixed(1) : Math.round(metres / 1000).toLocaleString("en");

// With its unit.
export const distance = (metres) => (metres < 1000 ? `${Math.round(metres / 10) * 10} m` : `${kilometres(metres)} km`);

export function duration(seconds) {
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

// "just now", "5 min ago", or when it was.
export function ago(ms) {
  const minutes = Math.floor((Date.now() - ms) / 60000);
  if (minutes < 1) {
    return "just now";
  }
  if (minutes < 60) {
    return `${minutes} min ago`;
  }
  const day = new Date(ms).toDateString() === new Date().toDateString() ? undefined : "short";
  return new Intl.DateTimeFormat("en", { weekday: day, hour: "2-digit", minute: "2-digit", hour12: false }).format(ms);
}

// How commands about any of these signals fare: "pending", or for a moment "confirmed" or "failed".
const MOMENT = 2500;
export function phaseOf(car, paths) {
  for (const command of car.commands) {
    if (!paths.some((path) => command.changes.has(path))) {
      continue;
    }
    const over = now() - command.ended;
    return command.status === "pending" || over < MOMENT ? command.status : undefined;
  }
  return undefined;
}

// A button shows how its command fares; `on`: what it stands for is so. One whose label says what it
// will do is no toggle for who hears it.
export function showButton(button, car, paths, { on, label, hidden, disabled } = {}) {
  const phase = phaseOf(car, paths);
  setAttributes(button, {
    "data-phase": phase,
    "data-on": Boolean(on),
    "aria-busy": phase === "pending" ? "true" : undefined,
    "aria-pressed": on === undefined || label !== undefined ? undefined : String(on),
    hidden,
    disabled,
  });
  if (label !== undefined) {
    setText(button.querySelector(".label") ?? button, label);
  }
}
