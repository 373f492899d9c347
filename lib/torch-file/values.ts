/** The values that a pickle can create. Lists and tuples become arrays; dictionaries become maps. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleValue[]
  | PickleMap
  | TorchGlobal
  | TorchStorage
  | TorchTensor;

export type PickleMap = Map<boolean | number | bigint | string, PickleValue>;

/** A class or function that a pickle names. It is replaced by our own code, which only creates data. */
export interface TorchGlobal {
  readonly kind: "global";
  /** Its full name in Python: "torch.FloatStorage". */
  readonly name: string;
  /** @throws PickleError if it cannot be called, or not with these arguments. */
  call(args: readonly PickleValue[]): PickleValue;
}

/** The memory of one or more tensors, as a pickle refers to it. */
export interface TorchStorage {
  readonly kind: "storage";
  /** Identifies its bytes in the file. */
  readonly key: string;
  /** Dtype of the elements, by its safetensors name. */
  readonly dtype: string;
  /** Number of elements. */
  readonly length: number;
}

/** A tensor: a strided view of a storage, which it may share with other tensors. */
export interface TorchTensor {
  readonly kind: "tensor";
  readonly storage: TorchStorage;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Position of the first element in the storage. */
  readonly offset: number;
  /** The distance from one index to the next, in elements, for each dimension. */
  readonly stride: readonly number[];
}

/** Whether a value is an object of this kind. */
export function isKind<Kind extends "global" | "storage" | "tensor">(
  value: PickleValue | undefined,
  kind: Kind,
): value is Extract<PickleValue, { kind: Kind }> {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
}
