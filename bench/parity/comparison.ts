import type { Tensors } from "./computed.js";
import type { GoldenTensor } from "./golden.js";

/** How far one tensor of the addon's is from the reference's. */
export interface Difference {
  name: string;
  /** What is measured: see {@link tolerances}. */
  measure: Measure;
  value: number;
  tolerance: number;
}

type Measure = "relative L2" | "largest absolute" | "relative";

/** What is allowed, by the beginning of a tensor's name; the first that fits counts. */
const tolerances: readonly { prefix: string; measure: Measure; tolerance: number }[] = [
  { prefix: "teacher.", measure: "relative L2", tolerance: 1e-4 },
  { prefix: "student.", measure: "relative L2", tolerance: 1e-4 },
  { prefix: "map", measure: "largest absolute", tolerance: 1e-4 },
  { prefix: "smoothed", measure: "largest absolute", tolerance: 1e-4 },
  { prefix: "loss", measure: "relative", tolerance: 1e-5 },
  { prefix: "gradient.", measure: "relative L2", tolerance: 1e-3 },
  { prefix: "stepped.", measure: "relative L2", tolerance: 1e-3 },
];

/**
 * Measures every tensor against the reference's. Where a golden file keeps a part of the values, those
 * are compared, and beside them the norms of the whole tensors. The gradient of a batch norm's bias is
 * measured against that of its weight where that is larger: it is zero but for rounding where another
 * batch norm takes the bias out again.
 *
 * @throws Error if one side has a tensor that the other has not, or of another size.
 */
export function compare(computed: Tensors, golden: ReadonlyMap<string, GoldenTensor>): Difference[] {
  const names = new Set([...computed.keys(), ...golden.keys()]);
  return [...names].map((name) => {
    const ours = computed.get(name);
    const theirs = golden.get(name);
    if (ours === undefined || theirs === undefined || ours.length !== theirs.size) {
      const sizes = `${ours?.length ?? "no"} elements in the addon, ${theirs?.size ?? "no"} in the reference`;
      throw new Error(`The tensor ${name} has ${sizes}.`);
    }
    const { measure, tolerance } = tolerances.find(({ prefix }) => name.startsWith(prefix))!;
    const sibling = /^gradient\..*bias$/.test(name) ? golden.get(name.replace(/bias$/, "weight")) : undefined;
    const value = measures[measure](ours, theirs, Math.max(theirs.norm, sibling?.norm ?? 0));
    return { name, measure, value, tolerance };
  });
}

/** Those that are too large, the worst first; a value that is not a number is too large. */
export function excesses(differences: readonly Difference[]): Difference[] {
  return differences
    .filter(({ value, tolerance }) => !(value <= tolerance))
    .sort((a, b) => b.value / b.tolerance - a.value / a.tolerance);
}

/** The worst of each kind of tensor, as a fraction of what is allowed. */
export function worstByKind(differences: readonly Difference[]): Map<string, Difference> {
  const worst = new Map<string, Difference>();
  for (const difference of differences) {
    const { prefix } = tolerances.find((row) => difference.name.startsWith(row.prefix))!;
    if (!((worst.get(prefix)?.value ?? -1) >= difference.value)) worst.set(prefix, difference);
  }
  return worst;
}

/** `scale`: the norm that a difference of whole tensors is measured against. */
type Measurement = (ours: ArrayLike<number>, theirs: GoldenTensor, scale: number) => number;

const measures: Record<Measure, Measurement> = {
  "relative L2": (ours, theirs, scale) => {
    const { values } = theirs;
    const scaleOfValues = values.length === theirs.size ? scale : norm(values) * ratio(scale, theirs.norm);
    const ofValues = ratio(norm(keptOf(ours, theirs), values), scaleOfValues);
    const ofNorms = ratio(Math.abs(norm(ours) - theirs.norm), scale);
    return Math.max(ofValues, ofNorms);
  },
  "largest absolute": (ours, theirs) => {
    const kept = keptOf(ours, theirs);
    return theirs.values.reduce((most, value, i) => Math.max(most, Math.abs(kept[i]! - value)), 0);
  },
  relative: (ours, theirs) => {
    const kept = keptOf(ours, theirs);
    return theirs.values.reduce(
      (most, value, i) => Math.max(most, ratio(Math.abs(kept[i]! - value), Math.abs(value))),
      0,
    );
  },
};

/** Of our values those whose counterparts the golden file keeps. */
function keptOf(ours: ArrayLike<number>, { size, values: { length } }: GoldenTensor): ArrayLike<number> {
  return length === size
    ? ours
    : Float64Array.from({ length }, (_, i) => ours[Math.floor((i * size) / length)]!);
}

/** L2 norm of the values, less others. */
function norm(values: ArrayLike<number>, less?: ArrayLike<number>): number {
  let sum = 0;
  if (less === undefined) for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  else for (let i = 0; i < values.length; i++) sum += (values[i]! - less[i]!) ** 2;
  return Math.sqrt(sum);
}

/** A part of nothing is nothing, or all of itself. */
function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : part;
}
