import { show } from "../errors/validate.js";
import { invalidFile } from "../files/invalid-file.js";
import { isKind, type PickleValue, type TorchTensor } from "./values.js";

/**
 * Takes a value of a file as a state dict: tensors by name.
 *
 * @param what What the value is called in a message: "its content".
 * @throws ReverseDistillationError `INVALID_FILE` saying what it is instead.
 */
export function asStateDict(
  path: string,
  what: string,
  value: PickleValue | undefined,
): Map<string, TorchTensor> {
  const fail = (problem: string) =>
    invalidFile(
      path,
      `does not fit: ${what} must be a state dict, which maps names to tensors, but ${problem}.`,
    );
  if (!(value instanceof Map)) throw fail(`is ${describe(value)}`);
  const tensors = new Map<string, TorchTensor>();
  for (const [name, item] of value) {
    if (typeof name !== "string") throw fail(`has the key ${show(name)}`);
    if (!isKind(item, "tensor")) throw fail(`holds ${describe(item)} as ${show(name)}`);
    tensors.set(name, item);
  }
  return tensors;
}

/** Kind of a value, as a Python user calls it. */
function describe(value: PickleValue | undefined): string {
  if (value === undefined) return "absent";
  if (value === null) return "None";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Map) return "a dictionary";
  if (typeof value === "object") return `a ${value.kind}`;
  return typeof value === "string" ? "text" : "a number";
}
