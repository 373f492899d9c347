import { counted } from "../errors/counted.js";
import type { EvaluatedGroup, Report } from "./evaluate.js";
import type { Metric } from "./metrics/index.js";

const undefinedMetric = "-";

/**
 * A report as a table of text: a line for each kind of defect and one for all, and below it what
 * one has to know to read it.
 */
export function formatReport(report: Report): string {
  const { overall, kinds } = report;
  const withPixels = overall.pixel !== null;
  const groups = kinds.length === 1 ? [overall] : [...kinds, overall];
  const header = ["defects", "images", "AUROC", "AP", "F1 max", "from score"];
  if (withPixels) header.push("masks", "pixel AUROC", "pixel AP", "PRO", "PRO by image");
  const rows = groups.map((group) =>
    withPixels ? [...imageCells(group), ...pixelCells(group)] : imageCells(group),
  );
  if (kinds.length === 1) rows[0]![0] = kinds[0]!.label;
  return [...aligned([header, ...rows]), "", ...notes(report, withPixels)].join("\n");
}

function imageCells({ label, defective, image }: EvaluatedGroup): string[] {
  return [
    label,
    String(defective),
    shown(image.auroc),
    shown(image.averagePrecision),
    shown(image.f1Max?.f1 ?? null),
    shown(image.f1Max?.threshold ?? null),
  ];
}

function pixelCells({ defective, withoutMask, pixel }: EvaluatedGroup): string[] {
  return [
    String(defective - withoutMask),
    shown(pixel?.auroc ?? null),
    shown(pixel?.averagePrecision ?? null),
    shown(pixel?.pro.dataset ?? null),
    shown(pixel?.pro.imageMean ?? null),
  ];
}

function shown(metric: Metric): string {
  return metric === null ? undefinedMetric : metric.toFixed(4);
}

/** The first column from the left, the numbers from the right. */
function aligned(rows: readonly string[][]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join("  "),
  );
}

function notes({ overall, unusedMasks, notes: found }: Report, withPixels: boolean): string[] {
  const { good, defective, withoutMask } = overall;
  const lines = [`Every line compares with the same ${counted(good, "good image")}.`];
  if (good === 0) lines.push(`Without good images the metrics of images are undefined (${undefinedMetric}).`);
  if (defective === 0) lines.push(`Without defective images the metrics are undefined (${undefinedMetric}).`);
  if (withPixels) {
    lines.push(
      "PRO: up to a false-positive rate of 0.3, each region of the set alike; by image: the mean of one value an image.",
    );
    if (withoutMask > 0) {
      lines.push(
        `${counted(withoutMask, "defective image")} without a mask: left out of the metrics of pixels and PRO.`,
      );
    }
  }
  if (unusedMasks.length > 0) {
    lines.push(
      `${counted(unusedMasks.length, "mask")} in ground_truth without a test image: ${unusedMasks[0]!}.`,
    );
  }
  return [...lines, ...found];
}
