import { fileURLToPath } from "node:url";
import type { Metric } from "../../lib/evaluation/metrics/index.js";
import type { Normalisation } from "../../lib/options/model.js";
import { trainDefaults } from "../../lib/options/train.js";
import { markdownTable } from "../../scripts/markdown-table.js";
import { writeMarkedSection } from "../../scripts/marked-section.js";
import { classes } from "./fashion-mnist.js";
import type { DefectResult, OneClassResult, Result, Settings } from "./results.js";

const page = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/**
 * Puts all tables into docs/accuracy.md, and a short one into the README.
 *
 * @throws Error if one of them has no marks for it.
 */
export async function writeTables(results: readonly Result[]): Promise<void> {
  await writeMarkedSection(page("docs/accuracy.md"), "accuracy", formatTables(results));
  await writeMarkedSection(page("README.md"), "accuracy", formatSummary(results));
}

/** One table with the results of the default options: a row per data set and image size. */
export function formatSummary(results: readonly Result[]): string {
  const header = ["Data set", "Image size", "Epochs", "Image AUROC", "Pixel AUROC", "PRO"];
  const usual = results.filter(({ settings }) => hasDefaults(settings));
  const rows = groupBy(
    defectsOf(usual),
    ({ subject, settings }) => `${subject} ${describe(settings, [])}`,
  ).map(([, group]) => {
    const { subject, settings } = group[0]!;
    return [
      ...[`\`${subject}\``, sizeOf(settings), String(settings.epochs)],
      meanAndSpread(group.map(({ imageAuroc }) => imageAuroc)),
      meanAndSpread(group.map(({ pixelAuroc }) => pixelAuroc)),
      meanAndSpread(group.map(({ proDataset }) => proDataset)),
    ];
  });
  for (const [, group] of groupBy(oneClassOf(usual), ({ settings }) => describe(settings, []))) {
    const { settings } = group[0]!;
    const mean = meanOfClasses(group);
    if (mean === null) continue;
    rows.push(["`fashion-mnist`", sizeOf(settings), String(settings.epochs), mean.toFixed(3), "", ""]);
  }
  return markdownTable(header, rows);
}

/** Whether the choices that change what a detector computes are those of a training without options. */
function hasDefaults({ backbone, layout, recipe, loss, normalisation }: Settings): boolean {
  const usual = trainDefaults;
  return (
    backbone === usual.backbone &&
    layout === usual.layout &&
    recipe === usual.recipe &&
    loss === usual.loss &&
    normalisation === usual.normalisation
  );
}

const defectsOf = (results: readonly Result[]) => results.filter((result) => result.protocol === "defects");
const oneClassOf = (results: readonly Result[]) =>
  results.filter((result) => result.protocol === "fashion-mnist");
const sizeOf = ({ imageSize }: Settings) => `${imageSize} x ${imageSize}`;

/** All results as tables of Markdown. */
export function formatTables(results: readonly Result[]): string {
  const defects = defectsOf(results);
  const oneClass = oneClassOf(results);
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
    ...["Data set", "Backbone", "Layout", "Recipe", "Loss", "Image size", "Epochs", "Seeds"],
    ...["Image AUROC", "Pixel AUROC", "PRO", "PRO by image"],
  ];
  const rows = groupBy(results, ({ subject, settings }) => `${subject} ${describe(settings, [])}`).map(
    ([, group]) => {
      const { subject, settings } = group[0]!;
      const { backbone, layout, recipe, loss, epochs } = settings;
      const metric = (of: (result: DefectResult) => Metric) => meanAndSpread(group.map(of));
      return [
        ...[subject, backbone, layout, recipe, loss, sizeOf(settings), String(epochs), String(group.length)],
        metric((result) => result.imageAuroc),
        metric((result) => result.pixelAuroc),
        metric((result) => result.proDataset),
        metric((result) => result.proImageMean),
      ];
    },
  );
  return `${markdownTable(header, rows)}\nSettings: ${describe(results[0]!.settings, ["teacherWeights", "batchSize"])}. With more than one seed: mean ± standard deviation. Pixel metrics cover the good images and the defective images that have a mask.\n`;
}

function oneClassTable(results: readonly OneClassResult[]): string {
  const cell = (subject: string, normalisation: string) =>
    meanAndSpread(
      results
        .filter((result) => result.subject === subject && result.settings.normalisation === normalisation)
        .map((result) => result.imageAuroc),
    );
  const mean = (normalisation: string) => {
    const found = meanOfClasses(results.filter(({ settings }) => settings.normalisation === normalisation));
    return found === null ? "-" : `**${found.toFixed(3)}**`;
  };
  const header = ["Fashion-MNIST, normal class", "Pixels from 0 to 1", "ImageNet's normalisation"];
  const columns = ["none", "imagenet"] satisfies Normalisation[];
  const rows: string[][] = classes.map((subject) => [
    subject,
    ...columns.map((column) => cell(subject, column)),
  ]);
  rows.push(["mean of all ten", ...columns.map(mean)]);
  const names: (keyof Settings)[] = [
    "backbone",
    "teacherWeights",
    "layout",
    "recipe",
    "loss",
    "imageSize",
    "epochs",
    "batchSize",
  ];
  return `${markdownTable(header, rows)}\nImage AUROC. Settings: ${describe(results[0]!.settings, names)}.\n`;
}

/** The mean over the ten classes; null unless all of them are there. */
function meanOfClasses(results: readonly OneClassResult[]): number | null {
  const values = classes.map((subject) => {
    const found = results.filter((result) => result.subject === subject);
    return found.length === 0 ? null : average(found.map((result) => result.imageAuroc ?? NaN));
  });
  const known = values.filter((value) => value !== null);
  return known.length === classes.length ? average(known) : null;
}

/** Settings in words; all that tell one group from another where no names are given. The seed is not one. */
function describe(settings: Settings, names: readonly (keyof Settings)[]): string {
  const words: Record<Exclude<keyof Settings, "seed">, string> = {
    backbone: settings.backbone,
    teacherWeights:
      settings.teacherWeights === null ? "random teacher" : `teacher weights ${settings.teacherWeights}`,
    layout: `layout ${settings.layout}`,
    recipe: `recipe ${settings.recipe}`,
    loss: `loss ${settings.loss}`,
    normalisation: `normalisation ${settings.normalisation}`,
    imageSize: sizeOf(settings),
    epochs: settings.epochs === 1 ? "1 epoch" : `${settings.epochs} epochs`,
    batchSize: `batches of ${settings.batchSize}`,
  };
  const chosen = names.length > 0 ? names.filter((name) => name !== "seed") : Object.keys(words);
  return chosen.map((name) => words[name as keyof typeof words]).join(", ");
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
