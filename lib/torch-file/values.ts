/** What a pickle can make here. Lists and tuples become arrays, dictionaries become maps. */
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

/** A class or function that a pickle names. What stands for it here is our own and makes data alone. */
export interface TorchGlobal {
  readonly kind: "global";
  /** As Python writes it: "torch.FloatStorage". */
  readonly name: string;
  /** @throws PickleError if it cannot be called, or not so. */
  call(args: readonly PickleValue[]): PickleValue;
}

/** Memory that tensors lie in, as a pickle refers to it. */
export interface TorchStorage {
  readonly kind: "storage";
  /** Names the bytes within the file. */
  readonly key: string;
  /** Type of the elements, in safetensors' names. */
  readonly dtype: string;
  /** Number of elements. */
  readonly length: number;
}

/** A tensor: a view of a storage, which it may share, in any order of its elements. */
export interface TorchTensor {
  readonly kind: "tensor";
  readonly storage: TorchStorage;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Elements of the storage before the first one. */
  readonly offset: number;
  /** Elements from one index to the next, of each dimension. */
  readonly stride: readonly number[];
}

/** Whether a value is an object of this kind. */
export function isKind<Kind extends "global" | "storage" | "tensor">(
  value: PickleValue | undefined,
  kind: Kind,
): value is Extract<PickleValue, { kind: Kind }> {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
}
