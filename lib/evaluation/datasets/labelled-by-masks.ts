import { counted } from "../../errors/counted.js";
import { ReverseDistillationError } from "../../errors/error.js";
import { marksAnything } from "../mask.js";
import { normalLabel, type TestImage } from "./dataset.js";
import { testImage } from "./format.js";
import { assignMasks, separateMasks } from "./masks.js";
import type { TreeImage } from "./tree.js";

/**
 * Labels images by their masks: "defect" if a mask marks anything, otherwise good. Masks are recognised by their names
 * (`000_GT.png` next to `000.png`, or in a folder of masks).
 *
 * @param groupOf The group of an image, if the format has groups.
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if a mask belongs to no image, because then an image without a mask
 * may not be good; and as `readMask`.
 */
export async function labelByMasks(
  files: readonly TreeImage[],
  groupOf: (image: TreeImage) => string | undefined = () => undefined,
): Promise<TestImage[]> {
  const { images, masks } = separateMasks(files);
  const assigned = assignMasks(images, masks);
  const [unused] = assigned.unused;
  if (unused !== undefined) {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `${counted(assigned.unused.length, "mask")} cannot be matched to an image, such as ${unused}: give a mask the name of ` +
        "its image, next to the image or in the same subfolder of a folder of masks.",
    );
  }
  const labelled: TestImage[] = [];
  for (const { image, masks: own } of assigned.images) {
    const defective = await marksAnything(own);
    labelled.push(testImage(image.path, defective ? "defect" : normalLabel, own, groupOf(image)));
  }
  return labelled;
}

/** The good images, to train on, and a note about the others. */
export function goodToTrain(images: readonly TestImage[]): {
  train: string[];
  passedOver: string[];
  notes: string[];
} {
  const good = images.filter(({ label }) => label === normalLabel);
  const defective = images.filter(({ label }) => label !== normalLabel);
  const others = defective.length;
  return {
    train: good.map(({ image }) => image),
    passedOver: images.flatMap(({ image, mask = [] }) => [image, mask].flat()),
    notes:
      others === 0
        ? []
        : [
            `Not trained on: ${counted(others, "image")} whose ${others === 1 ? "mask marks" : "masks mark"} a defect.`,
          ],
  };
}
