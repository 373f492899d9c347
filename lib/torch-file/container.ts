import type { PickleValue, TorchStorage } from "./values.js";

/** What both forms of a `torch.save` file come down to: an object, and where the storages lie. */
export interface TorchContainer {
  content: PickleValue;
  /** Where the bytes of a storage of the content begin in the file. They lie within it. */
  locate: (storage: TorchStorage) => Promise<number>;
}

/** The longest pickle that is read, in bytes: a pickle holds names and shapes, and not the values. */
export const maxPickleLength = 2 ** 24;
