import { fileURLToPath } from "node:url";
import { markdownTable } from "../../scripts/markdown-table.js";
import { writeMarkedSection } from "../../scripts/marked-section.js";
import { precisions } from "../precisions.js";
import { chart } from "./chart.js";
import { featureBytes, type Storage } from "./features.js";
import type { ScalingResult } from "./points.js";

const path = fileURLToPath(new URL("../../docs/performance.md", import.meta.url));

type ScoreResult = Extract<ScalingResult, { job: "score" }>;
type TrainResult = Extract<ScalingResult, { job: "train" }>;

/** Writes the tables and plots to docs/performance.md. @throws Error as `writeMarkedSection` */
export async function writePage(results: readonly ScalingResult[]): Promise<void> {
  await writeMarkedSection(path, "scaling", formatSection(results));
}

/** Formats the three tables with their plots, and what they were measured on. */
export function formatSection(results: readonly ScalingResult[]): string {
  const scores = byPrecision(results.filter((result) => result.job === "score")).flat();
  const trainings = results.filter((result) => result.job === "train");
  const alone = sorted(
    scores,
    ({ batch }) => batch === 1,
    ({ imageSize }) => imageSize,
  );
  // All batches larger than 1 have the same image size. Batch 1 of that size comes first.
  const batched = scores.find(({ batch }) => batch > 1)?.imageSize;
  const batches = sorted(
    scores,
    ({ imageSize }) => imageSize === batched,
    ({ batch }) => batch,
  );
  if (alone.length === 0 || batches.length === 0 || trainings.length === 0) {
    return "Not measured yet: `node --import tsx bench/scaling.ts` does.\n";
  }
  return [
    formatEnvironments(results),
    ...["### Image size", formatSizes(alone)],
    ...[`### Batch size, at ${batched} x ${batched}`, formatBatches(batches)],
    ...["### Number of training images", formatTrainings(trainings)],
  ].join("\n\n");
}

function formatEnvironments(results: readonly ScalingResult[]): string {
  const lines = results.map(({ environment: e }) =>
    [
      `${e.cpu} (${e.cpuCapability}), ${e.cores} cores, ${e.memoryGiB} GiB`,
      `LibTorch ${e.libtorch}, Node.js ${e.node}, ${e.date}.`,
    ].join("; "),
  );
  return [...new Set(lines)].join("\n\n");
}

function formatSizes(results: readonly ScoreResult[]): string {
  const sides = places(results, ({ imageSize }) => imageSize);
  const title = `resnet18, batch 1${lineNames(results)}`;
  const plot = (unit: string, value: (result: ScoreResult) => number) =>
    chart(title, ["side, px", sides], [unit, byPrecision(results).map((line) => line.map(value))]);
  return [
    table(
      ["Side, px", "Precision", "ms per image", "ns per pixel", ...memoryHeader],
      results.map((result) => [
        String(result.imageSize),
        result.precision,
        milliseconds(result, 1),
        nanosecondsPerPixel(result).toFixed(1),
        ...memoryCells(result),
      ]),
    ),
    plot("ns per pixel", nanosecondsPerPixel),
    plot("peak MiB", peakMebibytes),
  ].join("\n");
}

function formatBatches(results: readonly ScoreResult[]): string {
  const batches = places(results, ({ batch }) => batch);
  const title = `resnet18${lineNames(results)}`;
  const plot = (unit: string, value: (result: ScoreResult) => number) =>
    chart(title, ["batch", batches], [unit, byPrecision(results).map((line) => line.map(value))]);
  return [
    table(
      ["Batch", "Precision", "ms per image", ...memoryHeader],
      results.map((result) => [
        String(result.batch),
        result.precision,
        milliseconds(result, result.batch),
        ...memoryCells(result),
      ]),
    ),
    plot("ms per image", ({ seconds, batch }) => (1000 * seconds.median) / batch),
    plot("peak MiB", peakMebibytes),
  ].join("\n");
}

/** Results by precision, one line of a plot each. Precisions that were not measured are left out. */
function byPrecision(results: readonly ScoreResult[]): ScoreResult[][] {
  const lines = precisions.map((asked) => results.filter(({ precision }) => precision === asked));
  return lines.filter(({ length }) => length > 0);
}

const lineNames = (results: readonly ScoreResult[]): string =>
  `, ${byPrecision(results)
    .map(([first]) => first!.precision)
    .join(" and ")}`;

const storages: readonly [Storage, string][] = [
  ["memory", "in memory"],
  ["file", "in a file"],
  ["recomputed", "not kept"],
];

function formatTrainings(results: readonly TrainResult[]): string {
  const counts = places(results, ({ images }) => images);
  const series = storages.map(([storage]) =>
    sorted(
      results,
      ({ features }) => features === storage,
      ({ images }) => images,
    ),
  );
  const rows = counts.flatMap((count) =>
    storages.flatMap(([storage, words]) =>
      results
        .filter(({ images, features }) => images === count && features === storage)
        .map((result) => [
          String(count),
          words,
          (count / result.seconds.median).toFixed(0),
          spread(result, 1),
          mebibytes(storage === "recomputed" ? 0 : count * featureBytes("resnet18", result.imageSize)),
          mebibytes(result.memory.peakBytes),
          mebibytes(result.memory.anonymousBytes),
        ]),
    ),
  );
  const { imageSize, batch } = results[0]!;
  const title = `resnet18, float32, ${imageSize} x ${imageSize}, batch ${batch}`;
  const plot = (unit: string, value: (result: TrainResult) => number) =>
    chart(title, ["images", counts], [unit, series.map((line) => line.map(value))]);
  return [
    table(
      ["Images", "Features", "Images/s", "s per epoch", "Features, MiB", "Peak MiB", "outside files"],
      rows,
    ),
    `Lines in the plots, in this order: features ${storages.map(([, words]) => words).join(", ")}.\n`,
    plot("images per second", ({ images, seconds }) => images / seconds.median),
    plot("MiB outside files", ({ memory }) => memory.anonymousBytes / 2 ** 20),
  ].join("\n");
}

const memoryHeader = ["Peak MiB", "before the first score"];

function memoryCells({ memory }: ScalingResult): string[] {
  return [mebibytes(memory.peakBytes), mebibytes(memory.beforeBytes)];
}

function milliseconds(result: ScalingResult, parts: number): string {
  return spread(result, parts / 1000);
}

/** The median and, for several rounds, the quartiles, divided by the number of parts. */
function spread({ seconds: { median, quartiles, rounds } }: ScalingResult, parts: number): string {
  const [middle, low, high] = [median, ...quartiles].map((value) => (value / parts).toFixed(2));
  return rounds === 1 ? middle! : `${middle} (${low} to ${high})`;
}

const nanosecondsPerPixel = ({ seconds, imageSize }: ScoreResult): number =>
  (1e9 * seconds.median) / imageSize ** 2;
const peakMebibytes = ({ memory }: ScalingResult): number => memory.peakBytes / 2 ** 20;
const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

/** The distinct values of an axis, in ascending order. */
function places<T>(items: readonly T[], of: (item: T) => number): number[] {
  return [...new Set(items.map(of))].sort((a, b) => a - b);
}

function sorted<T>(items: readonly T[], among: (item: T) => boolean, by: (item: T) => number): T[] {
  return items.filter(among).sort((a, b) => by(a) - by(b));
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return markdownTable(header, rows, () => "---:");
}
