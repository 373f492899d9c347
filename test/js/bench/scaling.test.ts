import { fileURLToPath } from "node:url";
import test from "ava";
import { chart } from "../../../bench/scaling/chart.js";
import { featureBytes } from "../../../bench/scaling/features.js";
import { formatSection } from "../../../bench/scaling/page.js";
import type { ScalingResult } from "../../../bench/scaling/points.js";
import { runNode } from "../support/child-process.js";

const program = fileURLToPath(new URL("../../../bench/scaling.ts", import.meta.url));
const MiB = 2 ** 20;
const found = (seconds: number) => ({
  rounds: 3,
  seconds: { median: seconds, quartiles: [0.9 * seconds, 1.1 * seconds] as [number, number], rounds: 3 },
  memory: { beforeBytes: 200 * MiB, peakBytes: 500 * MiB, anonymousBytes: 300 * MiB },
  firstLoss: null,
  environment: { cpu: "a processor", libtorch: "2.13.0" } as ScalingResult["environment"],
});
const score = (
  imageSize: number,
  batch: number,
  seconds: number,
  precision: "float32" | "bfloat16" = "float32",
): ScalingResult => ({
  ...{ job: "score", imageSize, batch, precision },
  ...found(seconds),
});
const training = (images: number, features: "memory" | "file" | "recomputed"): ScalingResult => ({
  ...{ job: "train", imageSize: 64, batch: 16, images, features },
  ...found(images / 100),
});
const results = [
  ...[score(1024, 1, 0.4, "bfloat16"), score(256, 1, 0.02, "bfloat16"), score(256, 8, 0.08, "bfloat16")],
  ...[score(1024, 1, 0.8), score(256, 1, 0.04), score(256, 8, 0.16)],
  ...[
    training(5000, "recomputed"),
    training(50, "memory"),
    training(50, "recomputed"),
    training(5000, "memory"),
  ],
  ...[training(5000, "file"), training(50, "file")],
];

test("the size of features follows from the shapes of the maps", (t) => {
  t.is(featureBytes("resnet18", 256), 4 * (64 * 64 * 64 + 128 * 32 * 32 + 256 * 16 * 16));
  t.is(featureBytes("resnet34", 256), 1.75 * MiB);
  t.is(featureBytes("wide_resnet50_2", 256), 7 * MiB);
});

test("the page has one row per point in order of the work, with times per image and the size of what is kept", (t) => {
  const page = formatSection(results);
  const rows = page.split("\n").filter((line) => /^\| \d/.test(line));
  t.deepEqual(rows, [
    "| 256 | float32 | 40.00 (36.00 to 44.00) | 610.4 | 500 | 200 |",
    "| 256 | bfloat16 | 20.00 (18.00 to 22.00) | 305.2 | 500 | 200 |",
    "| 1024 | float32 | 800.00 (720.00 to 880.00) | 762.9 | 500 | 200 |",
    "| 1024 | bfloat16 | 400.00 (360.00 to 440.00) | 381.5 | 500 | 200 |",
    "| 1 | float32 | 40.00 (36.00 to 44.00) | 500 | 200 |",
    "| 1 | bfloat16 | 20.00 (18.00 to 22.00) | 500 | 200 |",
    "| 8 | float32 | 20.00 (18.00 to 22.00) | 500 | 200 |",
    "| 8 | bfloat16 | 10.00 (9.00 to 11.00) | 500 | 200 |",
    "| 50 | in memory | 100 | 0.50 (0.45 to 0.55) | 5 | 500 | 300 |",
    "| 50 | in a file | 100 | 0.50 (0.45 to 0.55) | 5 | 500 | 300 |",
    "| 50 | not kept | 100 | 0.50 (0.45 to 0.55) | 0 | 500 | 300 |",
    "| 5000 | in memory | 100 | 50.00 (45.00 to 55.00) | 547 | 500 | 300 |",
    "| 5000 | in a file | 100 | 50.00 (45.00 to 55.00) | 547 | 500 | 300 |",
    "| 5000 | not kept | 100 | 50.00 (45.00 to 55.00) | 0 | 500 | 300 |",
  ]);
  t.is(page.match(/```mermaid/g)?.length, 6);
  t.true(page.includes('title "resnet18, batch 1, float32 and bfloat16"'), page);
  t.true(page.includes('"ms per image" 0 --> 40\n    line [40, 20]\n    line [20, 10]\n'), page);
  t.is(page.match(/a processor/g)?.length, 1, "one machine is named once");
});

test("plots have one line each if the processor lacks bfloat16", (t) => {
  const page = formatSection(
    results.filter((result) => result.job === "train" || result.precision === "float32"),
  );
  t.true(page.includes('title "resnet18, batch 1, float32"'), page);
  t.true(page.includes('"ms per image" 0 --> 40\n    line [40, 20]\n```'), page);
});

test("the page says if a part is not measured yet", (t) => {
  t.regex(formatSection([]), /Not measured yet: `node --import tsx bench\/scaling\.ts`/);
  t.regex(formatSection(results.filter(({ job }) => job === "score")), /Not measured yet/);
});

test("a chart has one line per series, below the top of its axis", (t) => {
  t.is(
    chart(
      "title",
      ["images", [50, 500]],
      [
        "MiB",
        [
          [12.3456, 1234],
          [1, 2],
        ],
      ],
    ),
    [
      ...["```mermaid", "xychart-beta", '    title "title"', '    x-axis "images" [50, 500]'],
      ...['    y-axis "MiB" 0 --> 1300', "    line [12.35, 1234]", "    line [1, 2]", "```", ""],
    ].join("\n"),
  );
  t.throws(() => chart("title", ["images", [50, 500]], ["MiB", [[1]]]), {
    message: /1 values for 2 positions/,
  });
});

test("a quick run measures every kind of point, checks the answers and prints the page", async (t) => {
  const { code, stdout, stderr } = await runNode([program, "--quick"]);
  t.is(code, 0, stderr);
  t.regex(stdout, /^\| 64 \| float32 \| [\d.]+ \| /m);
  for (const words of ["in memory", "in a file", "not kept"]) {
    t.regex(stdout, new RegExp(`^\\| 3 \\| ${words} \\| \\d+ \\| `, "m"));
  }
  const scored = [...stdout.matchAll(/^\| \d+ \| float32 \| [\d.]+ \|(?: [\d.]+ \|)? (\d+) \| (\d+) \|$/gm)];
  t.is(scored.length, 4, stdout);
  for (const [row, peak, before] of scored)
    t.true(Number(peak) >= Number(before) && Number(before) > 50, row);
});
