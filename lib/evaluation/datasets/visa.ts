import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { ReverseDistillationError } from "../../errors/error.js";
import { readTextFile } from "../../files/text-file.js";
import { parseCsv } from "./csv.js";
import { labelOf, normalLabel, type Dataset } from "./dataset.js";
import { testImage, unsplitNotes, withNotes, type DatasetFormat, type OpenOptions } from "./format.js";
import { datasetFromList, splitOf, type ListedImage } from "./listed.js";
import { assignMasks } from "./masks.js";
import { imagesBelow, type Tree } from "./tree.js";

/**
 * VisA (Zou et al. 2022), for one of its objects:
 *
 *     candle/Data/Images/Normal/0000.JPG
 *     candle/Data/Images/Anomaly/000.JPG
 *     candle/Data/Masks/Anomaly/000.png           every value but 0 is marked
 *     split_csv/1cls.csv                          object,split,label,image,mask
 *
 * The folder of the object is opened. Its images are split as `split_csv/1cls.csv` says, which is looked for in that
 * folder and in the one above. Without it, there is no split.
 */
export const visa: DatasetFormat = {
  name: "visa",
  title: "VisA",
  layout:
    "Data/Images/Normal/*, Data/Images/Anomaly/*, Data/Masks/Anomaly/* and, beside the object's folder, split_csv/1cls.csv",
  fits: (tree) => imagesBelow(tree, "Data", "Images").length > 0,
  open: async (tree, options) => {
    const root = resolve(tree.root);
    const split = [root, dirname(root)]
      .map((folder) => join(folder, "split_csv", "1cls.csv"))
      .find(existsSync);
    return split === undefined ? openUnsplit(tree, options) : openSplit(split, basename(root), options);
  },
};

async function openSplit(path: string, object: string, options: OpenOptions): Promise<Dataset> {
  const text = await readTextFile(path);
  const { columns, rows } = parseCsv(text, path);
  const expected = ["object", "split", "label", "image", "mask"];
  const missing = expected.filter((column) => !columns.includes(column));
  if (missing.length > 0) {
    throw new ReverseDistillationError(
      "INVALID_FILE",
      `${path} must have the columns ${expected.join(", ")}, but lacks ${missing.join(", ")}.`,
    );
  }
  const root = dirname(dirname(path));
  const images = rows
    .filter(({ fields }) => fields.get("object") === object)
    .map(({ line, fields }): ListedImage => {
      const place = `line ${line} of ${path}`;
      const [image, label, mask] = ["image", "label", "mask"].map((column) => fields.get(column));
      if (image === undefined || label === undefined) {
        throw new ReverseDistillationError("INVALID_FILE", `The image or the label is missing in ${place}.`);
      }
      const masks = mask === undefined ? [] : [join(root, mask)];
      return {
        ...testImage(join(root, image), labelOf(label), masks),
        split: splitOf(fields.get("split"), place),
        place,
      };
    });
  return datasetFromList(images, { list: path, name: `${path} for the object ${object}` }, options);
}

function openUnsplit(tree: Tree, options: OpenOptions): Dataset {
  const images = imagesBelow(tree, "Data", "Images");
  const { images: assigned, unused } = assignMasks(
    images.filter(({ folders }) => labelOf(folders[0] ?? "") !== normalLabel),
    imagesBelow(tree, "Data", "Masks"),
  );
  const masks = new Map(assigned.map((each) => [each.image, each.masks]));
  const test = images.map((image) =>
    testImage(image.path, labelOf(image.folders[0] ?? "").toLowerCase(), masks.get(image)),
  );
  const train = test.filter(({ label }) => label === normalLabel).map(({ image }) => image);
  return withNotes({ train, test, unusedMasks: unused }, [
    `There is no split_csv/1cls.csv in ${tree.root} or above.`,
    ...unsplitNotes(train.length, options),
  ]);
}
