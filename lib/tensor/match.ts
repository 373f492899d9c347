import type { NamedTensor } from "./named-tensor.js";

/** What is compared of a tensor. */
export interface Shaped {
  readonly shape: readonly number[];
}

/** In what way the tensors found differ from those that a part of a model is made of. */
export interface TensorDifference {
  missing: string[];
  /** Names with the shape that is expected and the one that was found. */
  misshapen: string[];
  unexpected: string[];
}

/** Counters of batch norms: older files lack them, and nothing is computed from them. */
const optional = /(^|\.)num_batches_tracked$/;

/**
 * Compares names and shapes.
 *
 * @param found By the names that `expected` has.
 */
export function compareTensors(
  expected: readonly NamedTensor[],
  found: ReadonlyMap<string, Shaped>,
): TensorDifference {
  const names = new Set(expected.map(({ name }) => name));
  const missing: string[] = [];
  const misshapen: string[] = [];
  for (const { name, shape } of expected) {
    const entry = found.get(name);
    if (entry === undefined) {
      if (!optional.test(name)) missing.push(name);
    } else if (entry.shape.join() !== shape.join()) {
      misshapen.push(`${name} (expected [${shape.join(", ")}], found [${entry.shape.join(", ")}])`);
    }
  }
  return { missing, misshapen, unexpected: [...found.keys()].filter((name) => !names.has(name)) };
}

/** The difference in words, or undefined if there is none. */
export function describeDifference({ missing, misshapen, unexpected }: TensorDifference): string | undefined {
  const parts = [
    summary("lacks", missing),
    summary("has in another shape", misshapen),
    summary("holds besides", unexpected),
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join("; ");
}

function summary(verb: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const shown = names.slice(0, 3).join(", ");
  return `${verb} ${shown}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;
}
