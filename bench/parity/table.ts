import { fileURLToPath } from "node:url";
import { markdownTable } from "../../scripts/markdown-table.js";
import { writeMarkedSection } from "../../scripts/marked-section.js";
import type { ParityResult } from "./results.js";

const path = fileURLToPath(new URL("../../docs/accuracy.md", import.meta.url));

/** Writes the table to docs/accuracy.md. @throws Error as `writeMarkedSection` */
export async function writeTable(results: readonly ParityResult[]): Promise<void> {
  await writeMarkedSection(path, "parity", formatTable(results));
}

/** Formats one row per data set and settings, with the seeds side by side. */
export function formatTable(results: readonly ParityResult[]): string {
  const header = [
    ...["Data set", "Settings", "Seeds", "Image AUROC, this package", "Image AUROC, reference"],
    ...["Difference of the means", "Standard deviation over seeds"],
  ];
  const groups = new Map<string, ParityResult[]>();
  for (const result of results) {
    const key = `${result.dataset} ${describe(result)}`;
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  const rows = [...groups.values()].map((runs) => {
    const { dataset } = runs[0]!;
    const [ours, theirs] = [aurocs(runs, "addon"), aurocs(runs, "reference")];
    const [mean, otherMean] = [meanAndDeviation(ours), meanAndDeviation(theirs)];
    return [
      ...[`\`${dataset}\``, describe(runs[0]!), runs.map(({ settings }) => settings.seed).join(", ")],
      ...[ours, theirs].map((values) => values.map(digits).join(", ")),
      digits(Math.abs(mean.mean - otherMean.mean)),
      `${digits(mean.deviation)} and ${digits(otherMean.deviation)}`,
    ];
  });
  return markdownTable(header, rows);
}

/** The mean and the sample standard deviation, which is NaN for a single value. */
export function meanAndDeviation(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, deviation: Math.sqrt(variance) };
}

function describe({
  backbone,
  layout,
  imageSize,
  settings: { learningRateSchedule, loss, epochs, batchSize },
}: ParityResult): string {
  const size = `${imageSize} x ${imageSize}`;
  return `${backbone}, \`${layout}\`, \`${loss}\`, \`${learningRateSchedule}\` rate, ${size}, ${epochs} epochs, batches of ${batchSize}`;
}

const aurocs = (runs: readonly ParityResult[], side: "addon" | "reference"): number[] =>
  runs.map((run) => run[side].imageAuroc ?? NaN);

const digits = (value: number): string => (Number.isNaN(value) ? "-" : value.toFixed(3));
