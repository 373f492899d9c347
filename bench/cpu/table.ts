import { fileURLToPath } from "node:url";
import { markdownTable } from "../../scripts/markdown-table.js";
import { writeMarkedSection } from "../../scripts/marked-section.js";
import { shown } from "./compare.js";
import type { CpuResult } from "./results.js";

const page = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Puts all comparisons into docs/performance.md, and a few of scoring and training into the README. */
export async function writeTables(results: readonly CpuResult[]): Promise<void> {
  await writeMarkedSection(page("docs/performance.md"), "cpu", formatComparisons(results));
  await writeMarkedSection(page("README.md"), "cpu", formatSummary(results));
}

const notMeasured = "Not measured yet: `npm run bench` does.\n";

/** What the README says of a job, by the job's name. */
const summarised: Readonly<Record<string, string>> = {
  "score, resnet18, batch 1": "score one image, ResNet-18",
  "score, resnet18, batch 8": "score eight images in a batch, ResNet-18",
  "score, wide_resnet50_2, batch 1": "score one image, Wide ResNet-50-2",
  "training step, resnet18, batch 16, features kept": "one training step on 16 images, ResNet-18",
};

/** A short table: medians, how many times faster than the reference that is, and what it was measured on. */
export function formatSummary(results: readonly CpuResult[]): string {
  const jobs = byJob(results);
  const measured = Object.entries(summarised).flatMap(([job, words]) => {
    const found = jobs.get(job);
    return found === undefined ? [] : [{ words, ...found }];
  });
  if (measured.length === 0) return notMeasured;
  const median = ({ quantity, ours }: CpuResult) => shown({ ...ours, rounds: 1 }, quantity);
  const rows = measured.map(({ words, float32, bfloat16 }) => [
    words,
    `${median(float32)} (${times(float32)})`,
    bfloat16 ? `${median(bfloat16)} (${times(bfloat16)})` : "",
    shown({ ...float32.reference, rounds: 1 }, float32.quantity),
  ]);
  const header = ["Job", "float32", "bfloat16", "PyTorch, float32"];
  const used = measured.flatMap(({ float32, bfloat16 }) => [float32, ...(bfloat16 ? [bfloat16] : [])]);
  return table(header, rows) + environments(used);
}

/** A table with one row per job, its precisions side by side, and what it was measured on. */
export function formatComparisons(results: readonly CpuResult[]): string {
  if (results.length === 0) return notMeasured;
  const rows = [...byJob(results)].map(([name, { float32, bfloat16 }]) => [
    `${name} (${float32.unit})`,
    withRatio(float32),
    bfloat16 ? withRatio(bfloat16) : "",
    `${shown(float32.reference, float32.quantity)}${float32.against === "Python" ? "" : `, ${float32.against}`}`,
  ]);
  const header = ["Job", "float32", "bfloat16", "PyTorch, float32"];
  return table(header, rows) + environments(results);
}

const table = (header: readonly string[], rows: readonly string[][]) =>
  markdownTable(header, rows, (column) => (column === 0 ? "---" : "---:"));

const bfloat16Suffix = ", bfloat16";

/** Jobs without their precision. What is not measured in two precisions is float32's. */
function byJob(results: readonly CpuResult[]): Map<string, { float32: CpuResult; bfloat16?: CpuResult }> {
  const jobs = new Map<string, { float32: CpuResult; bfloat16?: CpuResult }>();
  for (const result of results.filter(({ job }) => !job.endsWith(bfloat16Suffix))) {
    const name = result.job.replace(/, float32$/, "");
    const lower = results.find(({ job }) => job === name + bfloat16Suffix);
    jobs.set(name, { float32: result, ...(lower && { bfloat16: lower }) });
  }
  return jobs;
}

/** Median and quartiles; how many times less than the other side; the share of the matrix product's rate. */
function withRatio(result: CpuResult): string {
  const { ours, quantity, figures } = result;
  const share = figures?.["share of the matrix product rate"];
  const percent = share === undefined ? "" : `, ${Math.round(100 * share)} %`;
  return `${shown(ours, quantity)}: **${times(result)}**${percent}`;
}

const times = ({ ratio }: CpuResult) => `${ratio.toFixed(2)} x`;

function environments(results: readonly CpuResult[]): string {
  const lines = results.map(({ environment: e, quick }) => {
    const machine = `${e.cpu} (${e.cpuCapability}), ${e.cores} cores, ${e.threads} threads on both sides`;
    const rounds = quick ? "; few rounds, which only hint" : "";
    return `\n${machine}; LibTorch ${e.libtorch}, PyTorch ${e.torch}, Node.js ${e.node}, ${e.date}${rounds}.\n`;
  });
  return [...new Set(lines)].join("");
}
