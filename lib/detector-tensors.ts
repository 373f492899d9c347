import { widenFloat16 } from "./float16.js";
import { ReverseDistillationError } from "./errors.js";
import type { NamedTensor, NativeModel, Part } from "./native/addon.js";
import type { Shaped } from "./tensor-match.js";

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

/**
 * The values of a tensor of floating-point numbers as the networks compute with them: as float32. A view of
 * the tensor's own memory where they are float32 already.
 */
export function float32Values({ name, dtype, data }: NamedTensor): Float32Array {
  const { buffer, byteOffset, byteLength } = data;
  switch (dtype) {
    case "F32":
      return new Float32Array(buffer, byteOffset, byteLength / 4);
    case "F64":
      return Float32Array.from(new Float64Array(buffer, byteOffset, byteLength / 8));
    case "F16":
      return widenFloat16(new Uint16Array(buffer, byteOffset, byteLength / 2));
    case "BF16": {
      const upper = new Uint16Array(buffer, byteOffset, byteLength / 2);
      return new Float32Array(Uint32Array.from(upper, (bits) => bits << 16).buffer);
    }
    default:
      throw new ReverseDistillationError(
        "INTERNAL",
        `The tensor ${name} is of ${dtype}, not of numbers with fractions.`,
      );
  }
}
