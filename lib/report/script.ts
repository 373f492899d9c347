/**
 * What the page does in a browser: sorts the table and the gallery, filters the gallery, and shows an image without its map.
 * Plain JavaScript, and a text, because a page has no other file to load it from.
 */
export const script = `
"use strict";
const number = (text) => (text === "-" ? -Infinity : parseFloat(text));

for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const header = button.closest("th");
    const descending = header.getAttribute("aria-sort") !== "descending";
    for (const each of header.parentElement.children) each.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const body = header.closest("table").tBodies[0];
    const text = (row) => row.cells[header.cellIndex].textContent.trim();
    const rows = [...body.rows].sort((a, b) =>
      header.cellIndex === 0 ? text(b).localeCompare(text(a)) : number(text(b)) - number(text(a)));
    body.append(...(descending ? rows : rows.reverse()));
  });
}

const gallery = document.querySelector(".gallery");
if (gallery) {
  const items = [...gallery.children];
  const [order, label, shown] = ["order", "label", "shown"].map((id) => document.getElementById(id));
  const by = (key, sign) => (a, b) => sign * (a.dataset[key] - b.dataset[key]) || a.dataset.rank - b.dataset.rank;
  const orders = {
    worst: by("rank", 1),
    highest: by("score", -1),
    lowest: by("score", 1),
    name: (a, b) => a.dataset.name.localeCompare(b.dataset.name),
  };
  const count = document.getElementById("count");
  const arrange = () => {
    gallery.append(...items.sort(orders[order.value]));
    let visible = 0;
    for (const item of items) {
      item.hidden = label && label.value !== "" && item.dataset.label !== label.value;
      if (!item.hidden) visible++;
    }
    count.textContent = visible + (visible === 1 ? " image" : " images");
  };
  const show = (button, overlay) => {
    button.setAttribute("aria-pressed", overlay);
    const [map, plain] = button.querySelectorAll("img");
    map.hidden = !overlay;
    plain.hidden = overlay;
  };
  const buttons = items.map((item) => item.querySelector("button"));
  order.addEventListener("change", arrange);
  label?.addEventListener("change", arrange);
  shown.addEventListener("change", () => buttons.forEach((each) => show(each, shown.value === "overlay")));
  for (const button of buttons)
    button.addEventListener("click", () => show(button, button.getAttribute("aria-pressed") !== "true"));
}
`;
