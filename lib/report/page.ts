import { createHash } from "node:crypto";
import { notesOf, tableOf } from "../evaluation/report.js";
import { thresholdTableOf } from "../evaluation/threshold-table.js";
import { normalLabel } from "../evaluation/dataset.js";
import type { Report } from "../evaluation/evaluate.js";
import { printable } from "../files/system-path.js";
import { calibrationCard } from "./calibration-card.js";
import { curveChart, histogram, short } from "./chart.js";
import type { PageContent } from "./content.js";
import { precisionRecallCurve, rocCurve, type LabelledScore } from "./curves.js";
import { gallerySection } from "./gallery-section.js";
import { html, Markup } from "./html.js";
import { script } from "./script.js";
import { style } from "./style.js";

/** One self-contained page of HTML: it loads nothing, and does not need a network. */
export function reportPage(content: PageContent): string {
  const sections = [summary, tables, charts, calibrationCard, training, gallerySection].map((section) =>
    section(content),
  );
  const policy = `default-src 'none'; img-src data:; style-src ${sourceOf(style)}; script-src ${sourceOf(script)}`;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${printable(content.title)}</title>
        <link rel="icon" href="data:," />
        ${new Markup(`<style>${style}</style>`)}
      </head>
      <body>
        <main>
          <h1>${printable(content.title)}</h1>
          ${sections}
        </main>
        ${new Markup(`<script>${script}</script>`)}
      </body>
    </html>`;
  return `${page.text}\n`;
}

/** The hash by which the policy allows the page's own style and script, and nothing that a file name could smuggle in. */
function sourceOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

function summary({ facts }: PageContent): Markup {
  return html`<dl>
    ${facts.map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${printable(value)}</dd>`,
    )}
  </dl>`;
}

function tables({ report }: PageContent): Markup {
  if (report === undefined) return html``;
  const thresholds = thresholdTableOf(report);
  return html`<section aria-labelledby="kinds">
    <h2 id="kinds">By kind of defect</h2>
    ${table("Table of metrics", tableOf(report))}
    ${thresholds === undefined ? "" : table("Table of false alarms and escapes", thresholds)}
    <ul class="notes">
      ${notesOf(report).map((note) => html`<li>${note}</li>`)}
    </ul>
  </section>`;
}

/** @param rows The titles first. */
function table(name: string, [titles, ...rows]: readonly (readonly string[])[]): Markup {
  return html`<div class="scroll" role="region" aria-label="${name}" tabindex="0">
    <table>
      <thead>
        <tr>
          ${titles!.map((title) => html`<th scope="col"><button type="button">${title}</button></th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([first, ...cells]) =>
            html`<tr>
              <th scope="row">${first!}</th>
              ${cells.map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function charts({ images, report, thresholds }: PageContent): Markup {
  if (images.length === 0) return html``;
  const marks = (["review", "reject"] as const).flatMap((name) =>
    thresholds ? [{ name, value: thresholds[name] }] : [],
  );
  const labelled = images.flatMap(({ score, label }): LabelledScore[] =>
    label === undefined ? [] : [{ score, defective: label !== normalLabel }],
  );
  const of = (defective: boolean) =>
    labelled.flatMap((image) => (image.defective === defective ? [image.score] : []));
  const scores =
    labelled.length === 0
      ? histogram({ name: "all images", scores: images.map(({ score }) => score) }, undefined, marks)
      : histogram({ name: "good", scores: of(false) }, { name: "defective", scores: of(true) }, marks);
  return html`<section aria-labelledby="charts">
    <h2 id="charts">Scores</h2>
    <div class="charts">${scores}${report === undefined ? "" : curves(labelled, report)}</div>
  </section>`;
}

function training({ losses }: PageContent): Markup {
  // One point is no curve.
  if (losses === undefined || losses.length < 2) return html``;
  const last = losses.at(-1)!;
  const chart = curveChart({
    title: "Loss by epoch",
    description: `From ${short(losses[0]!)} to ${short(last)} after ${losses.length} epochs.`,
    xLabel: "epoch",
    yLabel: "mean loss",
    curve: losses.map((loss, index) => [index + 1, loss] as const),
    xEnd: losses.length,
    yEnd: losses.reduce((largest, loss) => Math.max(largest, loss), 0) || 1,
  });
  return html`<section aria-labelledby="training">
    <h2 id="training">Training</h2>
    <div class="charts">${chart}</div>
  </section>`;
}

function curves(images: readonly LabelledScore[], { overall, proCurve }: Report): Markup[] {
  const found: Markup[] = [];
  const { auroc, averagePrecision } = overall.image;
  if (auroc !== null && averagePrecision !== null) {
    found.push(
      curveChart({
        title: "ROC by image",
        description: `The area is ${auroc.toFixed(4)}.`,
        xLabel: "false-positive rate",
        yLabel: "true-positive rate",
        curve: rocCurve(images),
      }),
      curveChart({
        title: "Precision and recall by image",
        description: `The average precision is ${averagePrecision.toFixed(4)}.`,
        xLabel: "recall",
        yLabel: "precision",
        curve: precisionRecallCurve(images),
      }),
    );
  }
  const pro = overall.pixel?.pro.dataset;
  if (proCurve !== null && pro !== undefined && pro !== null) {
    found.push(
      curveChart({
        title: "PRO",
        description: `The area up to 0.3, as a share, is ${pro.toFixed(4)}.`,
        xLabel: "false-positive rate by pixel",
        yLabel: "overlap of regions",
        curve: proCurve,
        xEnd: 0.3,
      }),
    );
  }
  return found;
}
