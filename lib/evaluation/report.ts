import { counted } from "../errors/counted.js";
import { reading } from "../errors/reading.js";
import { printable } from "../files/system-path.js";
import type { EvaluatedGroup, Report } from "./evaluate.js";
import type { Interval } from "./metrics/auroc-interval.js";
import { numberIn, type Column, type Metric, type Reported } from "./metrics/metric.js";
import { regionMetrics } from "./metrics/region-metrics.js";
import { thresholdMetrics } from "./metrics/threshold-metrics.js";
import { thresholdTableOf } from "./threshold-table.js";

const undefinedMetric = "-";
const intervalTitle = "95 % interval";

/** A column of the table: its title, and its text for each group. */
interface TableColumn {
  title: string;
  cell: (group: EvaluatedGroup) => string;
}

/** The columns of declared metrics, whose values a group holds under the same keys. */
function metricColumns(
  metrics: Readonly<Record<string, Reported<never>>>,
  valuesOf: (group: EvaluatedGroup) => object | null,
  titleOf: (title: string) => string = (title) => title,
): (TableColumn & { leftOutOf?: "pixels" })[] {
  return Object.entries(metrics).flatMap(([key, { columns }]) =>
    (columns as readonly Column<unknown>[]).map((column) => ({
      title: titleOf(column.title),
      cell: (group) => {
        const values = valuesOf(group) as Record<string, unknown> | null;
        return shown(numberIn(column, values?.[key] ?? null));
      },
      ...(column.leftOutOf !== undefined && { leftOutOf: column.leftOutOf }),
    })),
  );
}

/** The columns, with that of an interval after that of the AUROC. */
function withInterval(
  columns: readonly TableColumn[],
  intervalOf: (group: EvaluatedGroup) => Interval | null,
): TableColumn[] {
  const column = {
    title: intervalTitle,
    cell: (group: EvaluatedGroup) => {
      const interval = intervalOf(group);
      return interval === null ? undefinedMetric : `${shown(interval.lower)} to ${shown(interval.upper)}`;
    },
  };
  return columns.flatMap((each) => (each.title.endsWith("AUROC") ? [each, column] : [each]));
}

const imageColumns: readonly TableColumn[] = [
  { title: "defects", cell: ({ label }) => printable(label) },
  { title: "images", cell: ({ defective }) => String(defective) },
  ...withInterval(
    metricColumns(thresholdMetrics, ({ image }) => image),
    ({ aurocInterval }) => aurocInterval.image,
  ),
];

const pixelColumns: readonly TableColumn[] = [
  { title: "masks", cell: ({ defective, withoutMask }) => String(defective - withoutMask) },
  ...withInterval(
    metricColumns(
      thresholdMetrics,
      ({ pixel }) => pixel,
      (title) => `pixel ${title}`,
    ).filter(({ leftOutOf }) => leftOutOf !== "pixels"),
    ({ aurocInterval }) => aurocInterval.pixel,
  ),
  ...metricColumns(regionMetrics, ({ pixel }) => pixel),
];

/** Lines that explain the columns. */
const pixelNotes: readonly string[] = Object.values<Reported<never>>(regionMetrics).flatMap(
  ({ note }) => note ?? [],
);

/**
 * Formats a report as text: a table with one line for each kind of defect and one for all, and notes on how to read it.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if it is not a report of `evaluate`.
 */
export function formatReport(report: Report): string {
  return reading("report", () => format(report));
}

function format(report: Report): string {
  const thresholds = thresholdTableOf(report);
  const atThresholds = thresholds === undefined ? [] : [...aligned(thresholds), ""];
  return [...aligned(tableOf(report)), "", ...atThresholds, ...notesOf(report)].join("\n");
}

/** The cells of a report's table, row by row, the titles first. */
export function tableOf({ overall, kinds, resamples }: Report): string[][] {
  const groups = kinds.length === 1 ? [{ ...overall, label: kinds[0]!.label }] : [...kinds, overall];
  const all = overall.pixel === null ? imageColumns : [...imageColumns, ...pixelColumns];
  const columns = all.filter(({ title }) => title !== intervalTitle || resamples > 0);
  return [
    columns.map(({ title }) => title),
    ...groups.map((group) => columns.map(({ cell }) => cell(group))),
  ];
}

function shown(metric: Metric): string {
  return metric === null ? undefinedMetric : metric.toFixed(4);
}

/** Aligns the first column left and the numbers right. */
function aligned(rows: readonly string[][]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join("  "),
  );
}

/** What a reader of the table should know, line by line. */
export function notesOf({ overall, resamples, unusedMasks, notes }: Report): string[] {
  const { good, defective, withoutMask } = overall;
  const lines = [`Each line compares with the same ${counted(good, "good image")}.`];
  if (good === 0) lines.push(`Without good images, the image metrics are undefined (${undefinedMetric}).`);
  if (defective === 0)
    lines.push(`Without defective images, the metrics are undefined (${undefinedMetric}).`);
  if (resamples > 0 && good > 0 && defective > 0)
    lines.push(`95 % intervals of AUROC: ${counted(resamples, "bootstrap resample")} of the images.`);
  if (overall.pixel !== null) {
    lines.push(...pixelNotes);
    if (withoutMask > 0) {
      lines.push(
        `${counted(withoutMask, "defective image")} without a mask: left out of the pixel metrics and PRO.`,
      );
    }
  }
  if (unusedMasks.length > 0) {
    lines.push(
      `${counted(unusedMasks.length, "mask")} without a test image, such as ${printable(unusedMasks[0]!)}.`,
    );
  }
  return [...lines, ...notes.map(printable)];
}
