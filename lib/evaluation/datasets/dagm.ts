import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { counted } from "../../errors/counted.js";
import { readTextFile } from "../../files/text-file.js";
import { isMaskFolder } from "../../image/names.js";
import { normalLabel } from "./dataset.js";
import { testImage, withNotes, type DatasetFormat } from "./format.js";
import { assignMasks } from "./masks.js";
import { imagesBelow, type Tree, type TreeImage } from "./tree.js";

/**
 * DAGM 2007, for one of its classes:
 *
 *     Train/0576.PNG
 *     Train/Label/0576_label.PNG                  the mask of a defective image; good ones have none
 *     Test/0001.PNG
 *     Test/Label/0001_label.PNG
 *     Test/Label/Labels.txt                       0001<tab>1<tab>0001.PNG<tab>0<tab>0001_label.PNG
 *
 * Defective images are those with a mask, and those with a 1 in the second column of `Labels.txt`. Those in `Train` are
 * not trained on.
 */
export const dagm: DatasetFormat = {
  name: "dagm",
  title: "DAGM 2007",
  layout: "Train/*.PNG, Test/*.PNG and, for each defective image, Train or Test/Label/<name>_label.PNG",
  fits: (tree) => partOf(tree, "train").masks.length + partOf(tree, "test").masks.length > 0,
  open: async (tree) => {
    const train = await openPart(tree, "train");
    const test = await openPart(tree, "test");
    const defective = train.images.filter((each) => each.defective);
    return withNotes(
      {
        train: train.images.filter((each) => !each.defective).map(({ image }) => image.path),
        passedOver: defective.flatMap(({ image, masks }) => [image.path, ...masks]),
        test: test.images.map(({ image, masks, defective }) =>
          testImage(image.path, defective ? "defect" : normalLabel, masks),
        ),
        unusedMasks: [...train.unused, ...test.unused],
      },
      [
        ...(defective.length > 0
          ? [`Not trained on: ${counted(defective.length, "defective image")} in Train.`]
          : []),
        ...train.notes,
        ...test.notes,
      ],
    );
  },
};

/** One part's images, and what `Labels.txt` and the masks say differently. */
async function openPart(tree: Tree, part: string) {
  const { images, masks } = partOf(tree, part);
  const assigned = assignMasks(images, masks);
  const list = listOfLabels(images, masks);
  const listed = list === undefined ? new Set<string>() : await readDefective(list);
  const opened = assigned.images.map(({ image, masks }) => ({
    image,
    masks,
    defective: masks.length > 0 || listed.has(basename(image.path).toLowerCase()),
  }));
  const unmasked = opened.filter(({ masks, defective }) => defective && masks.length === 0).length;
  const notes =
    unmasked === 0
      ? []
      : [
          `${counted(unmasked, "image")} that ${list} calls defective ${unmasked === 1 ? "has" : "have"} no mask.`,
        ];
  return { images: opened, unused: assigned.unused, notes };
}

/** The part's `Labels.txt`, if there is one. */
function listOfLabels(images: readonly TreeImage[], masks: readonly TreeImage[]): string | undefined {
  const folders = [
    ...masks.slice(0, 1).map(({ path }) => dirname(path)),
    ...images.slice(0, 1).map(({ path }) => join(dirname(path), "Label")),
  ];
  return folders.map((folder) => join(folder, "Labels.txt")).find(existsSync);
}

/** The names, in lower case, of the images that a `Labels.txt` calls defective. */
async function readDefective(path: string): Promise<Set<string>> {
  const rows = (await readTextFile(path)).split(/\r?\n/).map((line) => line.trim().split(/\s+/));
  return new Set(
    rows.filter(([, label]) => label === "1").flatMap(([, , image]) => image?.toLowerCase() ?? []),
  );
}

function partOf(tree: Tree, part: string) {
  const files = imagesBelow(tree, part);
  const isLabel = (folder: string | undefined) =>
    folder?.toLowerCase() === "label" || isMaskFolder(folder ?? "");
  return {
    images: files.filter(({ folders }) => folders.length === 0),
    masks: files.filter(({ folders, stem }) => isLabel(folders[0]) && /_label$/i.test(stem)),
  };
}
