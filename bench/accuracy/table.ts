import { fileURLToPath } from "node:url";
import type { Metric } from "../../lib/evaluation/metrics/index.js";
import type { Normalisation } from "../../lib/options/model.js";
import { markdownTable } from "../markdown-table.js";
import { writeMarkedSection } from "../marked-section.js";
import { classes } from "./fashion-mnist.js";
import type { DefectResult, OneClassResult, Result, Settings } from "./results.js";

const readmePath = fileURLToPath(new URL("../../README.md", import.meta.url));

/**
 * Puts the tables between the marks of the README.
 *
 * @throws Error if it has no such marks.
 */
export async function writeTables(results: readonly Result[]): Promise<void> {
  await writeMarkedSection(readmePath, "accuracy", formatTables(results));
}

/** All results as tables of Markdown. */
export function formatTables(results: readonly Result[]): string {
  const defects = results.filter((result) => result.protocol === "defects");
  const oneClass = results.filter((result) => result.protocol === "fashion-mnist");
  const parts = [
    ...(defects.length > 0 ? [defectTable(defects)] : []),
    ...groupBy(oneClass, ({ settings }) => describe({ ...settings, normalisation: "none" }, [])).map(
      ([, group]) => oneClassTable(group),
    ),
  ];
  return parts.join("\n");
}

function defectTable(results: readonly DefectResult[]): string {
  const header = [
    ...["Data set", "Backbone", "Layout", "Loss", "Size", "Epochs", "Seeds"],
    ...["Image AUROC", "Pixel AUROC", "PRO", "PRO by image"],
  ];
  const rows = groupBy(results, ({ subject, settings }) => `${subject} ${describe(settings, [])}`).map(
    ([, group]) => {
      const { subject, settings } = group[0]!;
      const { backbone, layout, loss, imageSize, epochs } = settings;
      const metric = (of: (result: DefectResult) => Metric) => meanAndSpread(group.map(of));
      return [
        ...[subject, backbone, layout, loss, String(imageSize), String(epochs), String(group.length)],
        metric((result) => result.imageAuroc),
        metric((result) => result.pixelAuroc),
        metric((result) => result.proDataset),
        metric((result) => result.proImageMean),
      ];
    },
  );
  return `${markdownTable(header, rows)}\n${describe(results[0]!.settings, ["teacherWeights", "batchSize"])}. Where there is more than one seed: mean ± standard deviation. Pixels are counted in the images with a mask and the good ones.\n`;
}

function oneClassTable(results: readonly OneClassResult[]): string {
  const cell = (subject: string, normalisation: string) =>
    meanAndSpread(
      results
        .filter((result) => result.subject === subject && result.settings.normalisation === normalisation)
        .map((result) => result.imageAuroc),
    );
  const mean = (normalisation: string) => {
    const values = classes.map((subject) => {
      const found = results.filter(
        (result) => result.subject === subject && result.settings.normalisation === normalisation,
      );
      return found.length === 0 ? null : average(found.map((result) => result.imageAuroc ?? NaN));
    });
    const known = values.filter((value) => value !== null);
    return known.length === classes.length ? `**${average(known).toFixed(3)}**` : "-";
  };
  const header = ["Fashion-MNIST, normal class", "pixels 0 to 1", "ImageNet's normalisation"];
  const columns = ["none", "imagenet"] satisfies Normalisation[];
  const rows: string[][] = classes.map((subject) => [
    subject,
    ...columns.map((column) => cell(subject, column)),
  ]);
  rows.push(["mean of the ten", ...columns.map(mean)]);
  const names: (keyof Settings)[] = [
    "backbone",
    "teacherWeights",
    "layout",
    "loss",
    "imageSize",
    "epochs",
    "batchSize",
  ];
  return `${markdownTable(header, rows)}\nImage AUROC. ${describe(results[0]!.settings, names)}.\n`;
}

/** Settings in words; all that tell one group from another where no names are given. The seed is not one. */
function describe(settings: Settings, names: readonly (keyof Settings)[]): string {
  const words: Record<Exclude<keyof Settings, "seed">, string> = {
    backbone: settings.backbone,
    teacherWeights:
      settings.teacherWeights === null ? "random teacher" : `teacher's weights ${settings.teacherWeights}`,
    layout: `layout ${settings.layout}`,
    loss: `loss ${settings.loss}`,
    normalisation: `normalisation ${settings.normalisation}`,
    imageSize: `${settings.imageSize} x ${settings.imageSize}`,
    epochs: `${settings.epochs} epochs`,
    batchSize: `batches of ${settings.batchSize}`,
  };
  const chosen = names.length > 0 ? names.filter((name) => name !== "seed") : Object.keys(words);
  const text = chosen.map((name) => words[name as keyof typeof words]).join(", ");
  return text[0]!.toUpperCase() + text.slice(1);
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return [...groups];
}

/** The mean and, of two values or more, the sample's standard deviation; "-" where there is none or one is undefined. */
function meanAndSpread(values: readonly Metric[]): string {
  const known = values.filter((value) => value !== null);
  if (known.length === 0 || known.length < values.length) return "-";
  const mean = average(known);
  if (known.length === 1) return mean.toFixed(3);
  const variance = known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (known.length - 1);
  return `${mean.toFixed(3)} ± ${Math.sqrt(variance).toFixed(3)}`;
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
