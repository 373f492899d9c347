import { fileURLToPath } from "node:url";
import { markdownTable } from "../markdown-table.js";
import { writeMarkedSection } from "../marked-section.js";
import { shown } from "./compare.js";
import type { CpuResult } from "./results.js";

const page = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Puts all comparisons into docs/performance.md, and those of scoring and training into the README. */
export async function writeTables(results: readonly CpuResult[]): Promise<void> {
  await writeMarkedSection(page("docs/performance.md"), "cpu", formatComparisons(results));
  const headlines = results.filter(({ job }) => /^(score|training)/.test(job));
  await writeMarkedSection(page("README.md"), "cpu", formatComparisons(headlines));
}

/** A table with a row a job, its precisions side by side, and what it was measured on. */
export function formatComparisons(results: readonly CpuResult[]): string {
  if (results.length === 0) return "Not measured yet: `npm run bench` does.\n";
  const jobs = new Map<string, { float32: CpuResult; bfloat16?: CpuResult }>();
  for (const result of results.filter(({ job }) => !job.endsWith(bfloat16))) {
    const name = result.job.replace(/, float32$/, "");
    const lower = results.find(({ job }) => job === name + bfloat16);
    jobs.set(name, { float32: result, ...(lower && { bfloat16: lower }) });
  }
  const rows = [...jobs].map(([name, { float32, bfloat16 }]) => [
    `${name}: ${float32.unit}`,
    withRatio(float32),
    bfloat16 ? withRatio(bfloat16) : "",
    `${shown(float32.reference, float32.quantity)}${float32.against === "Python" ? "" : `, ${float32.against}`}`,
  ]);
  const header = ["Job", "Here", "in bfloat16", "Python, float32"];
  const table = markdownTable(header, rows, (column) => (column === 0 ? "---" : "---:"));
  return table + environments(results);
}

const bfloat16 = ", bfloat16";

/** Median and quartiles; how many times less than the other side; the share of the matrix product's rate. */
function withRatio({ ours, quantity, ratio, figures }: CpuResult): string {
  const share = figures?.["share of the matrix product's"];
  const percent = share === undefined ? "" : `, ${Math.round(100 * share)} %`;
  return `${shown(ours, quantity)}: **${ratio.toFixed(2)} x**${percent}`;
}

function environments(results: readonly CpuResult[]): string {
  const lines = results.map(({ environment: e, quick }) => {
    const machine = `${e.cpu} (${e.cpuCapability}), ${e.cores} cores, ${e.threads} threads on both sides`;
    const rounds = quick ? "; few rounds, which only hint" : "";
    return `\n${machine}; LibTorch ${e.libtorch}, PyTorch ${e.torch}, Node.js ${e.node}, ${e.date}${rounds}.\n`;
  });
  return [...new Set(lines)].join("");
}
