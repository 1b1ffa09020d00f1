"""What the page does: tabs, the details of a node, zoom. Without it everything is shown at once."""

from __future__ import annotations

PAGE_SCRIPT = """
"use strict";
(() => {
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const tabs = all("[role=tab]"), panels = all("[role=tabpanel]");
const notes = all("aside [data-about]"), hint = document.querySelector(".hint");
let pinned = null;

function open(tab, focus) {
  for (const one of tabs) {
    one.setAttribute("aria-selected", one === tab);
    one.tabIndex = one === tab ? 0 : -1;
  }
  for (const panel of panels) {
    panel.hidden = panel.id !== tab.getAttribute("aria-controls");
    if (!panel.hidden) fit(panel);
  }
  if (focus) tab.focus();
}

function about(name) {
  for (const note of notes) note.hidden = note.dataset.about !== name;
  hint.hidden = name !== null;
  for (const one of all("[data-node]")) one.classList.toggle("chosen", one.dataset.node === name);
  for (const wire of all(".wire")) {
    const ports = [wire.dataset.source, ...wire.dataset.target.split(" ")];
    const ends = ports.map((port) => port.split(".")[0]);
    wire.classList.toggle("near", name !== null && ends.includes(name));
  }
}

function zoom(panel, size) {
  const svg = panel.querySelector(".scroll svg"), box = svg.viewBox.baseVal;
  const scale = Math.min(4, Math.max(0.05, size));
  svg.setAttribute("width", box.width * scale);
  svg.setAttribute("height", box.height * scale);
  svg.dataset.scale = scale;
}

function fit(panel) {
  const scroll = panel.querySelector(".scroll"), svg = scroll.querySelector("svg");
  zoom(panel, Math.min(1, (scroll.clientWidth - 16) / svg.viewBox.baseVal.width));
}

tabs.forEach((tab, at) => {
  tab.addEventListener("click", () => open(tab, false));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const to = event.key === "Home" ? 0 : event.key === "End" ? tabs.length - 1
      : step && (at + step + tabs.length) % tabs.length;
    if (to !== undefined) { event.preventDefault(); open(tabs[to], true); }
  });
});
for (const panel of panels) {
  for (const button of all(".tools button", panel)) {
    button.addEventListener("click", () => {
      const now = Number(panel.querySelector(".scroll svg").dataset.scale);
      if (button.value === "fit") fit(panel);
      else zoom(panel, button.value === "full" ? 1 : now * Number(button.value));
    });
  }
}
for (const one of all("[data-node]")) {
  const name = one.dataset.node;
  one.addEventListener("mouseenter", () => { if (pinned === null) about(name); });
  one.addEventListener("focus", () => { if (pinned === null) about(name); });
  one.addEventListener("click", () => { pinned = pinned === name ? null : name; about(name); });
  one.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    pinned = pinned === name ? null : name;
    about(name);
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { pinned = null; about(null); }
});
window.addEventListener("resize", () => panels.filter((one) => !one.hidden).forEach(fit));
const names = notes.map((note) => note.dataset.about);
pinned = names.find((name) => `#${encodeURIComponent(name)}` === location.hash) ?? null;
about(pinned);
open(tabs.find((tab) => tab.getAttribute("aria-selected") === "true") || tabs[0], false);
})();
"""
