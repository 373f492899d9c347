import { elementSize } from "../tensor/element-size.js";
import { PickleError } from "./pickle-error.js";
import { makeTensor } from "./tensor.js";
import { isKind, type PickleValue, type TorchGlobal, type TorchStorage, type TorchTensor } from "./values.js";

/** Storage classes, and the safetensors names of their dtypes. */
const storageDtypes: Readonly<Record<string, string>> = {
  ...{ "torch.DoubleStorage": "F64", "torch.FloatStorage": "F32" },
  ...{ "torch.HalfStorage": "F16", "torch.BFloat16Storage": "BF16" },
  ...{ "torch.LongStorage": "I64", "torch.IntStorage": "I32", "torch.ShortStorage": "I16" },
  ...{ "torch.CharStorage": "I8", "torch.ByteStorage": "U8", "torch.BoolStorage": "BOOL" },
  ...{ "torch.ComplexFloatStorage": "C64" },
};

const dtypes = [
  "float64",
  "float32",
  "float16",
  "bfloat16",
  "int64",
  "int32",
  "int16",
  "int8",
  "uint8",
  "bool",
];

/** The functions that a pickle may call, by name. */
const callables: Readonly<Record<string, TorchGlobal["call"]>> = {
  "collections.OrderedDict": orderedDict,
  "torch._utils._rebuild_tensor_v2": rebuildTensor,
  // Written by PyTorch before 0.4.
  "torch._utils._rebuild_tensor": rebuildTensor,
  "torch._utils._rebuild_parameter": rebuildParameter,
  "torch.Size": size,
};

const globals: ReadonlyMap<string, TorchGlobal> = new Map(
  [
    ...Object.entries(callables),
    ...[...Object.keys(storageDtypes), ...dtypes.map((name) => `torch.${name}`)].map(
      (name) => [name, () => refuseCall(name)] as const,
    ),
  ].map(([name, call]) => [name, { kind: "global", name, call }]),
);

/**
 * Looks up a class or function. The list of allowed ones is closed.
 *
 * @throws PickleError for any other name.
 */
export function findGlobal(module: string, name: string): TorchGlobal {
  const full = `${module}.${name}`;
  const found = globals.get(full);
  if (found !== undefined) return found;
  throw new PickleError(
    `asks for ${JSON.stringify(full)}, which is not allowed: only tensors, dictionaries, lists, strings and numbers ` +
      "are read, and no code is run. In Python, save just the tensors: torch.save(model.state_dict(), path)",
  );
}

/** The storages of a file, by key. All references to a storage must agree. */
export class StorageTable {
  readonly storages = new Map<string, TorchStorage>();

  /**
   * Resolves a persistent id: ("storage", class, key, device, number of elements).
   *
   * @throws PickleError
   */
  find(id: PickleValue): TorchStorage {
    if (!Array.isArray(id) || id[0] !== "storage")
      throw new PickleError("is damaged: it refers to something that is not a storage");
    const [, type, key, , length, view] = id;
    const dtype = isKind(type, "global") ? storageDtypes[type.name] : undefined;
    if (dtype === undefined || typeof key !== "string" || !isCount(length))
      throw new PickleError("is damaged: it contains a malformed storage");
    if (view !== undefined && view !== null)
      throw new PickleError(
        "contains storage views, which only very old versions of PyTorch wrote: " +
          "load it in a newer version and save it again",
      );
    const known = this.storages.get(key);
    if (known !== undefined && (known.dtype !== dtype || known.length !== length))
      throw new PickleError(`is damaged: it describes the storage ${quoted(key)} in two different ways`);
    const storage = known ?? { kind: "storage", key, dtype, length };
    this.storages.set(key, storage);
    return storage;
  }
}

/** Size of a storage in the file, in bytes. */
export function storageBytes({ dtype, length }: TorchStorage): number {
  return length * elementSize[dtype]!;
}

/** @param args Empty, or one list of pairs. */
function orderedDict(args: readonly PickleValue[]): PickleValue {
  if (args.length === 0) return new Map();
  throw new PickleError("contains an OrderedDict in a form that PyTorch does not write");
}

/** @param args storage, offset, shape, stride[, requires_grad, hooks[, metadata]] */
function rebuildTensor(args: readonly PickleValue[]): TorchTensor {
  const [storage, offset, shape, stride, , , metadata] = args;
  const fits = isKind(storage, "storage") && isCount(offset) && isCounts(shape) && isCounts(stride);
  if (!fits || args.length > 7) throw new PickleError("is damaged: it contains a malformed tensor");
  // Flags such as "conjugate" change what the elements mean.
  if (metadata !== undefined && metadata !== null && !(metadata instanceof Map && metadata.size === 0))
    throw new PickleError(
      "contains a lazily conjugated or negated tensor: call resolve_conj() and resolve_neg() before saving it",
    );
  return makeTensor(storage, offset, shape, stride);
}

/** @param args tensor, requires_grad, hooks */
function rebuildParameter(args: readonly PickleValue[]): TorchTensor {
  const [tensor] = args;
  if (isKind(tensor, "tensor")) return tensor;
  throw new PickleError("is damaged: it contains a malformed parameter");
}

function size(args: readonly PickleValue[]): PickleValue {
  const [lengths] = args;
  if (args.length === 1 && isCounts(lengths)) return lengths;
  throw new PickleError("is damaged: it contains a malformed torch.Size");
}

function refuseCall(name: string): never {
  throw new PickleError(`is damaged: it calls ${name}, which is not a function`);
}

/** A name from the file, shortened if it is long. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 117)}...` : name);
}

function isCount(value: PickleValue | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A longer list is no shape, and is not looked through: a pickle can pass the same list to any number of calls. */
const longestShape = 256;

function isCounts(value: PickleValue | undefined): value is number[] {
  return Array.isArray(value) && value.length <= longestShape && value.every(isCount);
}
