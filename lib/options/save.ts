import { abortOptions } from "./computing.js";
import { choice } from "./kind.js";
import { defaultsOf, option, resolveOptions, type GivenOptions, type ResolvedOptions } from "./option.js";

/** The precisions in which model files and exports can store the weights of convolutions. */
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
   * Precision of the stored weights. "float16" halves the file and changes scores slightly. The vectors of batch norms
   * stay float32.
   * @defaultValue "float32"
   */
  precision: option(choice(storagePrecisions), { default: "float32" }),
  /**
   * "include" stores the teacher's tensors. "reference" stores only their hash; to load the file, the same weights
   * must be passed or be in the cache. A random teacher must be included.
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

/** How a detector is stored, with the defaults filled in. */
export type StorageOptions = ResolvedOptions<typeof storageOptions>;

export const storageDefaults = defaultsOf(storageOptions);

/** @throws ReverseDistillationError `INVALID_ARGUMENT` naming the option, what is allowed and what was given. */
export function resolveSaveOptions(options: SaveOptions = {}): ResolvedOptions<typeof saveOptions> {
  return resolveOptions(saveOptions, options);
}
