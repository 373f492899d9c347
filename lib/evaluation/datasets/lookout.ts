import { existsSync } from "node:fs";
import { join } from "node:path";
import { ReverseDistillationError } from "../../errors/error.js";
import { verdictOf } from "../../image/names.js";
import { normalLabel } from "./dataset.js";
import { testImage } from "./format.js";
import { splitOf, type ListedImage } from "./listed.js";

/** A line of a manifest of Amazon Lookout for Vision. */
type LookoutEntry = Readonly<Record<string, unknown>> & { "source-ref": string };

/** Whether a line of JSON is one of a manifest of Amazon Lookout for Vision. */
export function isLookoutEntry(entry: Readonly<Record<string, unknown>>): entry is LookoutEntry {
  return typeof entry["source-ref"] === "string";
}

/**
 * Reads a line of a manifest of Amazon Lookout for Vision, in the output format of SageMaker Ground Truth:
 *
 *     {"source-ref": "s3://bucket/train/anomaly/1.jpg",
 *      "anomaly-label": 1,
 *      "anomaly-label-metadata": {"class-name": "anomaly", "type": "groundtruth/image-classification", ...},
 *      "anomaly-mask-ref": "s3://bucket/masks/1.png",
 *      "anomaly-mask-ref-metadata": {"type": "groundtruth/semantic-segmentation", "internal-color-map": {...}, ...}}
 *
 * The class name decides on the label ("normal" or "anomaly"): the number is arbitrary and counts only if there is no
 * class name, 0 for normal. Attributes may have other names; their metadata's type tells which is which. Masks have a
 * white background.
 *
 * An object of S3 is looked for on this machine: below the folder of the manifest, under its whole key or the end of
 * it. The folder `train`, `validation` or `test` in the key is the split.
 *
 * @param folder The folder that the manifest lies in.
 * @throws ReverseDistillationError `INVALID_FILE` if the line does not say what the image shows.
 */
export function readLookoutEntry(entry: LookoutEntry, folder: string, place: string): ListedImage {
  const label = labelIn(entry, place);
  const mask = attributeOf(entry, "groundtruth/semantic-segmentation", "anomaly-mask-ref");
  const masks =
    typeof mask?.value === "string" && label !== normalLabel ? [localPath(mask.value, folder)] : [];
  const image = localPath(entry["source-ref"], folder);
  const part = /(?:^|\/)(train|training|validation|test)\//i.exec(
    entry["source-ref"].replace(/^s3:\/\/[^/]+/, ""),
  );
  return { ...testImage(image, label, masks), split: splitOf(part?.[1], place), place };
}

function labelIn(entry: LookoutEntry, place: string): string {
  const found = attributeOf(entry, "groundtruth/image-classification", "anomaly-label");
  const name = found?.metadata["class-name"];
  if (typeof name === "string" && name !== "") return verdictOf(name) === "good" ? normalLabel : name;
  if (found?.value === 0) return normalLabel;
  if (found?.value === 1) return "anomaly";
  throw new ReverseDistillationError(
    "INVALID_FILE",
    `There is no label in ${place}: expected is "anomaly-label" with "anomaly-label-metadata" and its "class-name".`,
  );
}

function attributeOf(
  entry: LookoutEntry,
  type: string,
  usual: string,
): { value: unknown; metadata: Readonly<Record<string, unknown>> } | undefined {
  const names = [usual, ...Object.keys(entry).filter((key) => `${key}-metadata` in entry)];
  for (const name of names) {
    const metadata = (entry[`${name}-metadata`] ?? {}) as Record<string, unknown>;
    if (name in entry && (metadata.type === type || name === usual)) return { value: entry[name], metadata };
  }
  return undefined;
}

/** Where the object of an address lies on this machine; the whole key below the folder if it is nowhere. */
function localPath(address: string, folder: string): string {
  if (!address.startsWith("s3://")) return join(folder, address);
  const [, ...key] = address.slice("s3://".length).split("/");
  const candidates = key.map((_, index) => join(folder, ...key.slice(index)));
  return candidates.find((path) => existsSync(path)) ?? candidates[0] ?? folder;
}
