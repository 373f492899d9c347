import { isBatchCounter, type TensorOutline } from "./named-tensor.js";

/** The part of a tensor that is compared. */
export interface Shaped {
  readonly shape: readonly number[];
}

/** A tensor of a file: its dtype has its safetensors name. */
export interface StoredTensor extends Shaped {
  readonly dtype: string;
}

/** Types whose values are fractions: those that weights can have. */
const floating = /^(F|BF)\d/;

/** How the tensors of a file differ from those of a model. */
export interface TensorDifference {
  missing: string[];
  /** Names, each with the expected shape and the shape found. */
  misshapen: string[];
  /** Names of weights that are stored as integers or truth values, each with its dtype. */
  mistyped: string[];
  unexpected: string[];
}

/**
 * Compares names, shapes and kinds of values: weights must be floating-point numbers. Batch-norm counters may be missing.
 *
 * @param found Tensors by name.
 */
export function compareTensors(
  expected: readonly TensorOutline[],
  found: ReadonlyMap<string, StoredTensor>,
): TensorDifference {
  const names = new Set(expected.map(({ name }) => name));
  const missing: string[] = [];
  const misshapen: string[] = [];
  const mistyped: string[] = [];
  for (const { name, shape } of expected) {
    const entry = found.get(name);
    if (entry === undefined) {
      if (!isBatchCounter(name)) missing.push(name);
    } else if (entry.shape.join() !== shape.join()) {
      misshapen.push(`${name} (expected [${shape.join(", ")}], found [${entry.shape.join(", ")}])`);
    } else if (!isBatchCounter(name) && !floating.test(entry.dtype)) {
      mistyped.push(`${name} (${entry.dtype})`);
    }
  }
  return { missing, misshapen, mistyped, unexpected: [...found.keys()].filter((name) => !names.has(name)) };
}

/** Describes a difference in a sentence without its subject; undefined if there is none. */
export function describeDifference({
  missing,
  misshapen,
  mistyped,
  unexpected,
}: TensorDifference): string | undefined {
  const parts = [
    summary("lacks", missing),
    summary("has the wrong shape for", misshapen),
    summary("has no floating-point numbers in", mistyped),
    summary("also contains", unexpected),
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join("; ");
}

function summary(verb: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const shown = names.slice(0, 3).join(", ");
  return `${verb} ${shown}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;
}
