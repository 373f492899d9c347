import test from "ava";
import { alternate, comparison, line } from "../../../bench/cpu/compare.js";
import type { CpuResult } from "../../../bench/cpu/results.js";
import { formatComparisons, formatSummary } from "../../../bench/cpu/table.js";

const result = (
  job: string,
  seconds: number,
  figures?: Record<string, number>,
  against = "Python",
): CpuResult => ({
  ...comparison({ job, unit: "per batch", against }, [seconds, 3 * seconds, 2 * seconds], [1, 0.5, 2]),
  ...(figures && { figures }),
  quick: false,
  environment: { cpu: "a processor", cores: 2, threads: 2 } as CpuResult["environment"],
});

test("a comparison has medians, quartiles and the ratio of the medians", (t) => {
  const { ours, reference, ratio } = comparison({ job: "job", unit: "per call" }, [4, 1, 3, 2], [10, 30, 20]);
  t.deepEqual(ours, { median: 2.5, quartiles: [1.75, 3.25], rounds: 4 });
  t.deepEqual(reference, { median: 20, quartiles: [15, 25], rounds: 3 });
  t.is(ratio, 8);
});

test("the sides of a comparison take turns", async (t) => {
  const order: string[] = [];
  const run = (name: string) => () => Promise.resolve(order.push(name));
  const found = await alternate(2, { a: run("a"), b: run("b") }, () => Promise.resolve(order.push("|")));
  t.deepEqual(order, ["a", "|", "b", "|", "a", "|", "b", "|"]);
  t.deepEqual(found, { a: [1, 5], b: [3, 7] });
});

test("the table has one row per job with its precisions side by side, and names a machine once", (t) => {
  const share = (value: number) => ({ "share of the matrix product rate": value });
  const table = formatComparisons([
    result("score, bfloat16", 0.1, share(0.5)),
    result("score, float32", 0.25, share(0.75)),
    result("resize", 0.0001234, undefined, "Pillow"),
  ]);
  t.deepEqual(
    table
      .split("\n")
      .filter((row) => row.startsWith("| "))
      .slice(2),
    [
      "| score (per batch) | 500 ms (375 to 625): **2.00 x**, 75 % | 200 ms (150 to 250): **5.00 x**, 50 % | 1000 ms (750 to 1500) |",
      "| resize (per batch) | 0.247 ms (0.185 to 0.308): **4051.86 x** |  | 1000 ms (750 to 1500), Pillow |",
    ],
  );
  t.is(table.match(/a processor/g)?.length, 1);
  t.regex(formatComparisons([]), /Not measured yet: `npm run bench`/);
});

test("the short table only has the medians of its jobs, in its own order", (t) => {
  const table = formatSummary([
    result("training step, resnet18, batch 16, features kept, float32", 1),
    result("resize", 1),
    result("score, resnet18, batch 1, bfloat16", 0.1),
    result("score, resnet18, batch 1, float32", 0.25),
  ]);
  t.deepEqual(
    table
      .split("\n")
      .filter((row) => row.startsWith("| "))
      .slice(2),
    [
      "| score one image, ResNet-18 | 500 ms (2.00 x) | 200 ms (5.00 x) | 1000 ms |",
      "| one training step on 16 images, ResNet-18 | 2000 ms (0.50 x) |  | 1000 ms |",
    ],
  );
  t.is(table.match(/a processor/g)?.length, 1);
  t.regex(formatSummary([result("resize", 1)]), /Not measured yet/);
});

test("the table says if there were few rounds", (t) => {
  t.regex(formatComparisons([{ ...result("score, float32", 1), quick: true }]), /few rounds/);
});

test("a line for the terminal has both sides and the figures", (t) => {
  t.regex(
    line(result("score, float32", 0.25, { "GFLOP/s": 123.456 })),
    /^score, float32 +500 ms \(375 to 625\) here +1000 ms \(750 to 1500\) Python {2}2\.00 x {3}\(per batch\) {2}GFLOP\/s 123$/,
  );
});
