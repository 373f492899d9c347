import { fileURLToPath } from "node:url";
import { shareInterval } from "../../lib/calibration/beta-quantile.js";
import { percent } from "../../lib/errors/percent.js";
import { markdownTable } from "../../scripts/markdown-table.js";
import { writeMarkedSection } from "../../scripts/marked-section.js";
import { describeMachines } from "../environment.js";
import type { Judged, Share, VerdictResult } from "./results.js";

const page = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

/** Writes the tables of docs/accuracy.md and the README. */
export async function writeTables(results: readonly VerdictResult[]): Promise<void> {
  const section = formatTables(results);
  await writeMarkedSection(page("docs/accuracy.md"), "verdicts", section);
  await writeMarkedSection(page("README.md"), "verdicts", formatThresholds(results));
}

/** All tables, as Markdown. */
export function formatTables(results: readonly VerdictResult[]): string {
  return [
    formatThresholds(results),
    formatCosts(results),
    formatDrift(results),
    describeMachines(results),
  ].join("\n");
}

/** False alarms and escapes by data set and threshold, summed over the seeds. */
export function formatThresholds(results: readonly VerdictResult[]): string {
  const rows = bySubject(results).flatMap(([subject, runs]) => {
    const row = (threshold: string, judged: readonly Judged[], mean: string) => [
      `\`${subject}\``,
      threshold,
      shown(sum(judged.map(({ falseAlarms }) => falseAlarms))),
      mean,
      shown(sum(judged.map(({ escapes }) => escapes))),
    ];
    const rates = runs[0]!.promised.map(({ rate }) => rate);
    return [
      ...rates.map((rate, i) => {
        const at = runs.map(({ promised }) => promised[i]!);
        const mean = at.reduce((total, { meanFalseAlarmRate }) => total + meanFalseAlarmRate, 0) / at.length;
        return row(`at most ${percent(rate)}`, at, percent(mean));
      }),
      row(
        "largest training score",
        runs.map(({ trainingMaximum }) => trainingMaximum),
        "",
      ),
    ];
  });
  const header = ["Data set", "Threshold", "False alarms", "Mean over splits", "Escapes"];
  return markdownTable(header, rows, (column) => (column < 2 ? "---" : "---:"));
}

/** What holding images out costs. */
function formatCosts(results: readonly VerdictResult[]): string {
  const rows = bySubject(results).map(([subject, runs]) => [
    `\`${subject}\``,
    meanAndSpread(runs.map(({ auroc }) => auroc.all)),
    meanAndSpread(runs.map(({ auroc }) => auroc.heldOut)),
    meanAndSpread(runs.map(({ auroc }) => auroc.heldOutLonger)),
  ]);
  const header = [
    "Data set",
    "Image AUROC, all images",
    "a fifth held out",
    "a fifth held out, as many batches",
  ];
  return markdownTable(header, rows, (column) => (column < 1 ? "---" : "---:"));
}

/** How soon a change of brightness is found. */
function formatDrift(results: readonly VerdictResult[]): string {
  const rows = bySubject(results).map(([subject, runs]) => {
    const found = runs.map(({ drift }) => drift.found);
    return [
      `\`${subject}\``,
      percent(runs.reduce((sum, { drift }) => sum + drift.spread, 0) / runs.length),
      found.map((each) => each?.parts ?? "not found").join(", "),
      [...new Set(found.map((each) => (each ? `${each.of} ${each.direction}` : "")))]
        .filter(Boolean)
        .join(", "),
    ];
  });
  const header = ["Data set", "Spread of brightness", "Parts until 10 % more light is found", "Named"];
  return markdownTable(header, rows, (column) => (column === 1 || column === 2 ? "---:" : "---"));
}

function bySubject(results: readonly VerdictResult[]): [string, VerdictResult[]][] {
  const subjects = [...new Set(results.map(({ subject }) => subject))];
  return subjects.map((name) => [name, results.filter(({ subject }) => subject === name)]);
}

function sum(shares: readonly Share[]): Share {
  return shares.reduce((a, b) => ({ count: a.count + b.count, of: a.of + b.of }), { count: 0, of: 0 });
}

/** "3 of 96 (0.6 % to 8.9 %)", with the Clopper-Pearson interval of 95 %. */
function shown({ count, of }: Share): string {
  return `${count} of ${of} (${shareInterval(count, of).map(percent).join(" to ")})`;
}

function meanAndSpread(values: readonly number[]): string {
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  const variance = values.reduce((total, value) => total + (value - mean) ** 2, 0) / (values.length - 1 || 1);
  return `${mean.toFixed(4)} ± ${Math.sqrt(variance).toFixed(4)}`;
}
