// What the viewer's parts share. All of ui/*.js but pointing.js and editing.js runs once, joined, in
// the element that Gradio makes. Gradio gives `element`, `trigger`, `props` and `watch`;
// `props.value` is the view that ui/viewer.py describes.

const one = (selector) => element.querySelector(selector);
const all = (selector) => [...element.querySelectorAll(selector)];
const SVG = "http://www.w3.org/2000/svg";

let view = { series: [], levels: [], vertebrae: [], canal: [], edition: -1 };
let place = {}; // by series key: slice and window, so that changing series loses nothing
let marked = null; // the level that is lit
let hovered = null;
const layers = { levels: true, vertebrae: false, canal: false };

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const put = (node, value) => {
  if (node && node.textContent !== value) node.textContent = value;
};
const text = (selector, value) => put(one(selector), value);
const make = (name, attributes, content) => {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (content !== undefined) node.textContent = content;
  return node;
};
const html = (name, className, content) => {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (content !== undefined) node.textContent = content;
  return node;
};
