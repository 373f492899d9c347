import { show } from "../errors/validate.js";
import { invalidFile } from "../files/invalid-file.js";
import { isKind, type PickleValue, type TorchTensor } from "./values.js";

/**
 * Interprets a value of a file as a state dict: tensors by name.
 *
 * @param what The value, as the message names it: "its content".
 * @throws ReverseDistillationError `INVALID_FILE` if it is something else.
 */
export function asStateDict(
  path: string,
  what: string,
  value: PickleValue | undefined,
): Map<string, TorchTensor> {
  const fail = (problem: string) =>
    invalidFile(
      path,
      `does not fit: ${what} must be a state dict, which maps names to tensors, but it ${problem}.`,
    );
  if (!(value instanceof Map)) throw fail(`is ${describe(value)}`);
  const tensors = new Map<string, TorchTensor>();
  for (const [name, item] of value) {
    if (typeof name !== "string") throw fail(`has the key ${show(name)}, which is not a name`);
    if (!isKind(item, "tensor")) throw fail(`maps ${show(name)} to ${describe(item)}`);
    tensors.set(name, item);
  }
  return tensors;
}

/** The kind of a value, in Python's terms. */
function describe(value: PickleValue | undefined): string {
  if (value === undefined) return "missing";
  if (value === null) return "None";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Map) return "a dictionary";
  if (typeof value === "object") return `a ${value.kind}`;
  return typeof value === "string" ? "a string" : "a number";
}
