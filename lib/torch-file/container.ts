import type { PickleValue, TorchStorage } from "./values.js";

/** The content of a `torch.save` file in either format. */
export interface TorchContainer {
  /** The saved object. */
  content: PickleValue;
  /** Finds where the bytes of a storage of the content start. All of them lie within the file. */
  locate: (storage: TorchStorage) => Promise<number>;
}

/** The longest accepted pickle, in bytes: it holds names and shapes, but not the values. */
export const maxPickleLength = 2 ** 24;
