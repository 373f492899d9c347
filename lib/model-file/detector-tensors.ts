import type { NativeModel, Part } from "../native/addon.js";
import type { Shaped } from "../tensor/match.js";
import type { NamedTensor } from "../tensor/named-tensor.js";

/** The networks of a detector, as its files name them, in the order of their work. */
export const parts = ["teacher", "bn", "decoder"] as const satisfies readonly Part[];

/** The tensors of a detector, wherever they lie, under the names that they have in a model file. */
export interface DetectorTensors {
  readonly shapes: ReadonlyMap<string, Shaped>;
  /** @param name One of `shapes`. */
  read(name: string): Promise<NamedTensor>;
}

/** Those of a model in memory. Reading those of one part after another copies no more than a part at a time. */
export function tensorsOf(model: NativeModel): DetectorTensors {
  const shapes = new Map<string, Shaped>();
  for (const part of parts) {
    for (const { name, shape } of model.tensors(part)) shapes.set(`${part}.${name}`, { shape });
  }
  let held: { part: Part; tensors: Map<string, NamedTensor> } | undefined;
  const read = (name: string) => {
    const part = partOf(name);
    if (held?.part !== part) {
      held = undefined;
      held = { part, tensors: new Map(model.tensors(part).map((tensor) => [tensor.name, tensor])) };
    }
    const tensor = held.tensors.get(name.slice(part.length + 1))!;
    return Promise.resolve({ ...tensor, name });
  };
  return { shapes, read };
}

/** The part whose tensor has this name. */
export function partOf(name: string): Part {
  return parts.find((part) => name.startsWith(`${part}.`))!;
}
