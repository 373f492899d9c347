import test from "ava";
import type { ParityResult } from "../../../bench/parity/results.js";
import { formatTable, meanAndDeviation } from "../../../bench/parity/table.js";

const result = (
  dataset: string,
  seed: number,
  addon: number | null,
  reference: number,
  epochs = 10,
): ParityResult => ({
  dataset,
  backbone: "resnet18",
  layout: "paper",
  imageSize: 128,
  settings: {
    epochs,
    batchSize: 16,
    learningRate: 0.005,
    learningRateSchedule: "cosine",
    weightAverage: "none",
    loss: "location",
    seed,
  },
  addon: { imageAuroc: addon, seconds: 1 },
  reference: { imageAuroc: reference, seconds: 1 },
  largestScoreDifference: 0,
  environment: {} as ParityResult["environment"],
});

test("mean and deviation are those of a sample", (t) => {
  t.deepEqual(meanAndDeviation([1, 2, 3]), { mean: 2, deviation: 1 });
});

test("the table has one row per data set and settings, with its seeds side by side", (t) => {
  const rows = formatTable([
    result("tile", 0, 0.8, 0.7),
    result("tile", 1, 0.9, 0.9),
    result("tile", 0, 0.5, 0.5, 20),
    result("bottle", 0, null, 0.6),
  ])
    .trimEnd()
    .split("\n")
    .slice(2);
  const settings = (epochs: number) =>
    `resnet18, \`paper\`, \`location\`, \`cosine\` rate, 128 x 128, ${epochs} epochs, batches of 16`;
  t.deepEqual(rows, [
    `| \`tile\` | ${settings(10)} | 0, 1 | 0.800, 0.900 | 0.700, 0.900 | 0.050 | 0.071 and 0.141 |`,
    `| \`tile\` | ${settings(20)} | 0 | 0.500 | 0.500 | 0.000 | - and - |`,
    `| \`bottle\` | ${settings(10)} | 0 | - | 0.600 | - | - and - |`,
  ]);
});
