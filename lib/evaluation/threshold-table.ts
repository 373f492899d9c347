import { printable } from "../files/system-path.js";
import type { AtThreshold, ObservedRate } from "./at-thresholds.js";
import type { Report } from "./evaluate.js";

const names = ["reject", "review"] as const;

/**
 * The cells of a table of false alarms and escapes, row by row, the titles first; undefined if the detector had no
 * thresholds.
 */
export function thresholdTableOf({ overall, kinds }: Report): string[][] | undefined {
  const { atThresholds } = overall;
  if (atThresholds === null) return undefined;
  const titles = names.flatMap((name) => [
    `${name} from ${atThresholds[name].threshold.toFixed(4)}`,
    "95 % interval",
  ]);
  const row = (
    title: string,
    found: Record<(typeof names)[number], AtThreshold>,
    rateOf: (at: AtThreshold) => ObservedRate,
  ) => {
    const rates = names.map((name) => rateOf(found[name]));
    return [title, String(rates[0]!.total), ...rates.flatMap(cells)];
  };
  const groups = kinds.length === 1 ? [{ ...overall, label: kinds[0]!.label }] : [...kinds, overall];
  return [
    ["at the thresholds", "images", ...titles],
    row("good: false alarms", atThresholds, ({ falseAlarms }) => falseAlarms),
    ...groups.map(({ label, atThresholds }) =>
      row(`${printable(label)}: escapes`, atThresholds!, ({ escapes }) => escapes),
    ),
  ];
}

function cells({ count, share, interval }: ObservedRate): [share: string, interval: string] {
  if (share === null || interval === null) return ["-", "-"];
  const percent = (value: number) => (100 * value).toFixed(1);
  return [`${count} (${percent(share)} %)`, `${percent(interval[0])} to ${percent(interval[1])} %`];
}
