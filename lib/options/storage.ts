/** What the weights of convolutions are stored in, in a model file or in an export. */
export type StoragePrecision = "float32" | "float16";

export const storagePrecisions = ["float32", "float16"] as const satisfies readonly StoragePrecision[];
