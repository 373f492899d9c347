import { stat } from "node:fs/promises";
import { counted } from "../../errors/counted.js";
import { ReverseDistillationError } from "../../errors/error.js";
import { systemPath } from "../../files/system-path.js";
import { normalLabel, type Dataset, type TestImage } from "./dataset.js";
import { unsplitNotes, withNotes, type OpenOptions } from "./format.js";

/** An image listed in a manifest or a split file. */
export interface ListedImage extends TestImage {
  split: "train" | "validation" | "test" | undefined;
  /** Where it is listed, for messages: "line 3 of manifest.csv". */
  place: string;
}

const splits: Readonly<Record<string, ListedImage["split"]>> = {
  train: "train",
  training: "train",
  validation: "validation",
  valid: "validation",
  val: "validation",
  test: "test",
  testing: "test",
};

/** @throws ReverseDistillationError `INVALID_FILE` if the word is not the name of a split. */
export function splitOf(word: string | undefined, place: string): ListedImage["split"] {
  if (word === undefined) return undefined;
  const split = splits[word.toLowerCase()];
  if (split !== undefined) return split;
  throw new ReverseDistillationError(
    "INVALID_FILE",
    `The split in ${place} must be train, validation or test; got ${JSON.stringify(word)}.`,
  );
}

/**
 * Makes a data set from a list. Images without a split are used to test and, if they are good, to train. Defective images
 * are never used to train.
 *
 * @param list The file that it was read from.
 * @param name What messages call the list.
 * @throws ReverseDistillationError `NOT_FOUND` if listed files do not exist, `NO_IMAGES` if the list is empty.
 */
export async function datasetFromList(
  images: readonly ListedImage[],
  { list, name = list }: { list: string; name?: string },
  options: OpenOptions,
): Promise<Dataset> {
  if (images.length === 0) {
    throw new ReverseDistillationError("NO_IMAGES", `${name} lists no images.`);
  }
  await requireFiles(images, name);
  const of = (split: ListedImage["split"]) => images.filter((image) => image.split === split);
  const toTrain = [...of("train"), ...of(undefined)];
  const good = toTrain.filter(({ label }) => label === normalLabel);
  const defective = of("train").length - of("train").filter(({ label }) => label === normalLabel).length;
  const unsplit = of(undefined).filter(({ label }) => label === normalLabel).length;
  const validation = of("validation").map(testImageOf);
  return withNotes(
    {
      train: good.map(({ image }) => image),
      ...(validation.length > 0 && { validation }),
      test: [...of("test"), ...of(undefined)].map(testImageOf),
      unusedMasks: [],
      lists: [list],
    },
    [
      ...(defective > 0 ? [`Not trained on: ${counted(defective, "defective image")} of ${name}.`] : []),
      ...unsplitNotes(unsplit, options),
    ],
  );
}

function testImageOf({ image, label, mask, group }: ListedImage): TestImage {
  return {
    image,
    label,
    ...(mask !== undefined && { mask }),
    ...(group !== undefined && { group }),
  };
}

async function requireFiles(images: readonly ListedImage[], name: string): Promise<void> {
  const missing: { path: string; place: string }[] = [];
  for (const { image, mask = [], place } of images) {
    for (const path of [image, mask].flat()) {
      const found = await stat(systemPath(path)).catch(() => undefined);
      if (found === undefined) missing.push({ path, place });
    }
  }
  const [first] = missing;
  if (first === undefined) return;
  throw new ReverseDistillationError(
    "NOT_FOUND",
    `${counted(missing.length, "file")} named in ${name} ${missing.length === 1 ? "does" : "do"} not exist, such as ` +
      `${first.path} (${first.place}). Paths are relative to the folder of the list.`,
  );
}
