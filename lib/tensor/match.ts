import { isBatchCounter, type NamedTensor } from "./named-tensor.js";

/** The part of a tensor that is compared. */
export interface Shaped {
  readonly shape: readonly number[];
}

/** How the tensors of a file differ from those of a model. */
export interface TensorDifference {
  missing: string[];
  /** Names, each with the expected shape and the shape found. */
  misshapen: string[];
  unexpected: string[];
}

/**
 * Compares names and shapes. Batch-norm counters may be missing.
 *
 * @param found Shapes by name.
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
      if (!isBatchCounter(name)) missing.push(name);
    } else if (entry.shape.join() !== shape.join()) {
      misshapen.push(`${name} (expected [${shape.join(", ")}], found [${entry.shape.join(", ")}])`);
    }
  }
  return { missing, misshapen, unexpected: [...found.keys()].filter((name) => !names.has(name)) };
}

/** Describes a difference in a sentence without its subject; undefined if there is none. */
export function describeDifference({ missing, misshapen, unexpected }: TensorDifference): string | undefined {
  const parts = [
    summary("lacks", missing),
    summary("has the wrong shape for", misshapen),
    summary("also contains", unexpected),
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join("; ");
}

function summary(verb: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const shown = names.slice(0, 3).join(", ");
  return `${verb} ${shown}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;
}
