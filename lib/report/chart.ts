import type { Curve } from "./curves.js";
import { html, type Markup } from "./html.js";

const [width, height] = [320, 260];
const margin = { left: 44, right: 12, top: 8, bottom: 40 };
const plot = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };

/** What a chart of a curve shows. */
export interface CurveChart {
  title: string;
  /** What a reader who does not see the picture is told. */
  description: string;
  xLabel: string;
  yLabel: string;
  curve: Curve;
  /** The largest x; 1 unless given. */
  xEnd?: number;
  /** The largest y; 1 unless given. */
  yEnd?: number;
}

/** A chart of one curve that begins at 0 on both axes, as an SVG. */
export function curveChart(chart: CurveChart): Markup {
  const { title, description, xLabel, yLabel, curve, xEnd = 1, yEnd = 1 } = chart;
  const x = (value: number) => at(margin.left + (Math.min(value, xEnd) / xEnd) * plot.width);
  const y = (value: number) => at(margin.top + (1 - value / yEnd) * plot.height);
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const path = curve.map(([left, up], index) => `${index === 0 ? "M" : "L"}${x(left)} ${y(up)}`).join("");
  return html`<figure class="chart">
    <figcaption>${title}</figcaption>
    <svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}. ${description}">
      ${ticks.map(
        (tick) =>
          html`<path
              class="grid"
              d="M${x(0)} ${y(tick * yEnd)}H${x(xEnd)}M${x(tick * xEnd)} ${y(0)}V${y(yEnd)}"
            />
            <text class="tick y" x="${margin.left - 6}" y="${y(tick * yEnd)}">${short(tick * yEnd)}</text>
            <text class="tick" x="${x(tick * xEnd)}" y="${y(0) + 16}">${short(tick * xEnd)}</text>`,
      )}
      <path class="curve" d="${path}" />
      ${axisTitles(xLabel, yLabel)}
    </svg>
  </figure>`;
}

/** Scores of images of one kind. */
export interface Series {
  name: string;
  scores: readonly number[];
}

/** A value of the scores that a histogram marks. */
export interface MarkedScore {
  name: string;
  value: number;
}

const bars = 40;

/** A histogram of scores: one series upwards, and the other, if there is one, downwards. */
export function histogram(above: Series, below: Series | undefined, marks: readonly MarkedScore[]): Markup {
  const all = [...above.scores, ...(below?.scores ?? []), ...marks.map(({ value }) => value)];
  const low = all.reduce((least, score) => Math.min(least, score), Infinity);
  const high = all.reduce((largest, score) => Math.max(largest, score), -Infinity);
  const range = high - low || 1;
  const wide = 2 * width;
  const span = wide - margin.left - margin.right;
  const x = (value: number) => at(margin.left + ((value - low) / range) * span);
  const counts = [above, ...(below ? [below] : [])].map(({ scores }) => count(scores, low, range));
  const most = counts.flat().reduce((largest, each) => Math.max(largest, each), 1);
  const middle = margin.top + plot.height / (below ? 2 : 1);
  const unit = (below ? plot.height / 2 : plot.height) / most;
  const barsOf = (series: readonly number[], index: number) =>
    series.map((number, bar) => {
      const size = at(number * unit);
      const top = index === 0 ? at(middle - size) : at(middle);
      return number === 0
        ? ""
        : html`<rect
            class="${index === 0 ? "good" : "defective"}"
            x="${at(margin.left + (bar * span) / bars)}"
            y="${top}"
            width="${at(span / bars - 1)}"
            height="${size}"
          />`;
    });
  const names = below ? `${above.name} above, ${below.name} below the line` : above.name;
  return html`<figure class="chart wide">
    <figcaption>Scores: ${names}</figcaption>
    <svg
      viewBox="0 0 ${wide} ${height}"
      role="img"
      aria-label="Histogram of the scores: ${names}, from ${short(low)} to ${short(high)}"
    >
      ${counts.map(barsOf)}
      <path class="axis" d="M${margin.left} ${at(middle)}H${wide - margin.right}" />
      <text class="tick y" x="${margin.left - 6}" y="${margin.top + 6}">${most}</text>
      ${[0, 0.25, 0.5, 0.75, 1].map(
        (share) =>
          html`<text class="tick" x="${x(low + share * range)}" y="${height - margin.bottom + 16}">
            ${short(low + share * range)}
          </text>`,
      )}
      ${marks.map(
        ({ name, value }, index) =>
          html`<path class="mark" d="M${x(value)} ${margin.top}V${height - margin.bottom}" />
            <text class="mark" x="${at(x(value) + 4)}" y="${margin.top + 10 + 14 * index}">
              ${name} ${short(value)}
            </text>`,
      )}
      <text class="title" x="${wide / 2}" y="${height - 6}">score</text>
    </svg>
  </figure>`;
}

/** The number of scores in each bar. */
function count(scores: readonly number[], low: number, range: number): number[] {
  const found = Array.from({ length: bars }, () => 0);
  for (const score of scores) found[Math.min(bars - 1, Math.floor(((score - low) / range) * bars))]!++;
  return found;
}

function axisTitles(xLabel: string, yLabel: string): Markup {
  return html`<text class="title" x="${margin.left + plot.width / 2}" y="${height - 6}">${xLabel}</text>
    <text class="title" transform="translate(12 ${margin.top + plot.height / 2}) rotate(-90)"
      >${yLabel}</text
    >`;
}

/** A coordinate with as many digits as can be seen. */
function at(value: number): number {
  return Math.round(value * 100) / 100;
}

/** A number with few digits. */
export function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
