import type { NativeModel, Part } from "../native/addon.js";
import { fromNative } from "../native/native-error.js";
import type { Shaped } from "../tensor/match.js";
import type { NamedTensor } from "../tensor/named-tensor.js";

/** The networks of a detector, by their names in its files and in the order they run. */
export const parts = ["teacher", "bn", "decoder"] as const satisfies readonly Part[];

/** The tensors of a detector, by their names in a model file, whether in memory or in a file. */
export interface DetectorTensors {
  readonly shapes: ReadonlyMap<string, Shaped>;
  /** @param name One of `shapes`. */
  read(name: string): Promise<NamedTensor>;
}

/** The tensors of a model in memory. Reading them part by part copies only one part at a time. */
export function tensorsOf(model: NativeModel): DetectorTensors {
  const shapes = new Map<string, Shaped>();
  for (const part of parts) {
    for (const { name, shape } of model.outline(part)) shapes.set(`${part}.${name}`, { shape });
  }
  let held: { part: Part; tensors: Map<string, NamedTensor> } | undefined;
  const read = async (name: string) => {
    const part = partOf(name);
    if (held?.part !== part) {
      held = undefined;
      // Otherwise, who writes a file meanwhile would take the error for one of the file system.
      const tensors = await model.tensors(part).catch((error: unknown) => {
        throw fromNative(error);
      });
      held = { part, tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])) };
    }
    const tensor = held.tensors.get(name.slice(part.length + 1))!;
    return { ...tensor, name };
  };
  return { shapes, read };
}

/** The part that a tensor belongs to, by its name. */
export function partOf(name: string): Part {
  return parts.find((part) => name.startsWith(`${part}.`))!;
}
