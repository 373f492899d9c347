import type { Tensors } from "./computed.js";
import type { GoldenTensor } from "./golden.js";

/** How much a tensor of the addon differs from the reference. */
export interface Difference {
  name: string;
  /** How the difference is measured: see {@link tolerances}. */
  measure: Measure;
  value: number;
  tolerance: number;
}

type Measure = "relative L2" | "largest absolute" | "relative";

/** The tolerances, by the prefix of a tensor's name. The first match applies. */
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
 * Compares every tensor with the reference. If a golden file keeps only some of the values, these are compared, and
 * also the norms of the whole tensors. The gradient of a batch norm's bias is measured relative to the gradient of its
 * weight if that is larger: it is zero except for rounding if another batch norm cancels the bias.
 *
 * @throws Error if a tensor is missing on one side, or its sizes differ.
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

/** The differences that exceed their tolerance, worst first. NaN exceeds it. */
export function excesses(differences: readonly Difference[]): Difference[] {
  return differences
    .filter(({ value, tolerance }) => !(value <= tolerance))
    .sort((a, b) => b.value / b.tolerance - a.value / a.tolerance);
}

/** The worst difference for each kind of tensor. */
export function worstByKind(differences: readonly Difference[]): Map<string, Difference> {
  const worst = new Map<string, Difference>();
  for (const difference of differences) {
    const { prefix } = tolerances.find((row) => difference.name.startsWith(row.prefix))!;
    if (!((worst.get(prefix)?.value ?? -1) >= difference.value)) worst.set(prefix, difference);
  }
  return worst;
}

/** `scale` is the norm that a difference of whole tensors is relative to. */
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

/** Those of our values that the golden file also keeps. */
function keptOf(ours: ArrayLike<number>, { size, values: { length } }: GoldenTensor): ArrayLike<number> {
  return length === size
    ? ours
    : Float64Array.from({ length }, (_, i) => ours[Math.floor((i * size) / length)]!);
}

/** L2 norm of the values, or of their difference from others. */
function norm(values: ArrayLike<number>, less?: ArrayLike<number>): number {
  let sum = 0;
  if (less === undefined) for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  else for (let i = 0; i < values.length; i++) sum += (values[i]! - less[i]!) ** 2;
  return Math.sqrt(sum);
}

/** The ratio, or the part itself if the whole is zero. */
function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : part;
}
