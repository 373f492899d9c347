import { abortOptions } from "./computing.js";
import { choice } from "./kind.js";
import { defaultsOf, option, resolveOptions, type GivenOptions, type ResolvedOptions } from "./option.js";

/** The precisions that weights of convolutions can be stored in, in a model file or in an export. */
export const storagePrecisions = ["float32", "float16"] as const;
/**
 * The precision of stored weights.
 *
 * @useDeclaredType
 */
export type StoragePrecision = (typeof storagePrecisions)[number];

/** How a detector is stored. */
export const storageOptions = {
  /**
   * Precision of the stored weights. "float16" halves the file, and a detector loaded from it scores slightly
   * differently. The vectors of batch norms stay float32.
   * @defaultValue "float32"
   */
  precision: option(choice(storagePrecisions), { default: "float32" }),
  /**
   * "include" stores the teacher's tensors. "reference" stores only their hash: whoever loads the file needs the weights
   * that the teacher came from. A random teacher cannot be referred to.
   * @defaultValue "include"
   */
  teacher: option(choice(["include", "reference"]), { default: "include" }),
};

/** The options of `Detector.save`. */
export const saveOptions = { ...storageOptions, ...abortOptions };

/** How a detector is saved. */
export interface SaveOptions extends GivenOptions<typeof storageOptions>, GivenOptions<typeof abortOptions> {}

/** The options of `Detector.saveCheckpoint`. */
export interface SaveCheckpointOptions extends GivenOptions<typeof abortOptions> {}

/** How a detector is stored, every option filled in. */
export type StorageOptions = ResolvedOptions<typeof storageOptions>;

export const storageDefaults = defaultsOf(storageOptions);

/** @throws ReverseDistillationError `INVALID_ARGUMENT` naming the option, what is allowed and what was given. */
export function resolveSaveOptions(options: SaveOptions = {}): ResolvedOptions<typeof saveOptions> {
  return resolveOptions(saveOptions, options);
}
