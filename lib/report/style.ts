/** The style of the page, in light and in dark. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1c1e21; --quiet: #55595f; --line: #d5d8dc; --panel: #f4f5f7;
  --good: #1f6fb2; --defective: #b3261e; --curve: #1f6fb2; --mark: #6b3fa0; --focus: #0b57d0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16181b; --ink: #e8eaed; --quiet: #b4b9c0; --line: #3a3f46; --panel: #212428;
    --good: #7cb8ee; --defective: #ff9d94; --curve: #7cb8ee; --mark: #cfb3f5; --focus: #a8c7fa;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem; max-width: 80rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.6rem; margin: 0 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2rem 0 0.75rem; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 1.5rem; margin: 0; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
.scroll + .scroll { margin-top: 1.5rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.75rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
th[aria-sort=ascending] button::after { content: " \\2191"; }
th[aria-sort=descending] button::after { content: " \\2193"; }
.notes { color: var(--quiet); padding-left: 1.2rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 1rem; }
.chart { margin: 0; padding: 0.75rem; background: var(--panel); }
@media (min-width: 46rem) { .chart.wide { grid-column: span 2; } }
.chart svg { display: block; width: 100%; height: auto; }
figcaption { font-weight: 600; }
svg text { fill: var(--ink); font: 11px system-ui, sans-serif; text-anchor: middle; }
svg text.y { text-anchor: end; dominant-baseline: middle; }
svg text.mark { text-anchor: start; fill: var(--mark); }
svg path { fill: none; stroke: var(--ink); }
svg path.grid { stroke: var(--line); }
svg path.curve { stroke: var(--curve); stroke-width: 2; }
svg path.mark { stroke: var(--mark); stroke-width: 1.5; stroke-dasharray: 4 3; }
svg rect.good { fill: var(--good); }
svg rect.defective { fill: var(--defective); }
.controls { display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem; margin-bottom: 1rem; }
select { font: inherit; padding: 0.2rem 0.4rem; color: inherit; background: var(--panel); border: 1px solid var(--quiet); }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 1rem; list-style: none; margin: 0; padding: 0; }
.gallery li[hidden] { display: none; }
.gallery li { background: var(--panel); padding: 0.5rem; }
.gallery img { display: block; width: 100%; height: auto; }
.gallery img[hidden] { display: none; }
.gallery button { display: block; width: 100%; padding: 0; border: 0; background: none; cursor: pointer; }
.gallery p { margin: 0.4rem 0 0; font-size: 0.85rem; overflow-wrap: anywhere; }
.gallery .label { font-weight: 600; }
.gallery .label.good { color: var(--good); }
.gallery .label.defective { color: var(--defective); }
`;
