import { counted } from "../../errors/counted.js";
import { isMaskFolder } from "../../image/names.js";
import { normalLabel } from "./dataset.js";
import { testImage, withNotes, type DatasetFormat } from "./format.js";
import { assignMasks } from "./masks.js";
import { imagesBelow, type Tree } from "./tree.js";

/**
 * DAGM 2007, for one of its classes:
 *
 *     Train/0576.PNG
 *     Train/Label/0576_label.PNG                  the mask of a defective image; good ones have none
 *     Test/0001.PNG
 *     Test/Label/0001_label.PNG
 *
 * Defective images are those with a mask; those in `Train` are not trained on. `Labels.txt` in each folder `Label` says
 * the same, and is not read.
 */
export const dagm: DatasetFormat = {
  name: "dagm",
  title: "DAGM 2007",
  layout: "Train/*.PNG, Test/*.PNG and, for each defective image, Train or Test/Label/<name>_label.PNG",
  fits: (tree) => partOf(tree, "train").masks.length + partOf(tree, "test").masks.length > 0,
  open: (tree) => {
    const [train, test] = [partOf(tree, "train"), partOf(tree, "test")].map(({ images, masks }) =>
      assignMasks(images, masks),
    );
    const good = train!.images.filter(({ masks }) => masks.length === 0);
    const defective = train!.images.filter(({ masks }) => masks.length > 0);
    return withNotes(
      {
        train: good.map(({ image }) => image.path),
        passedOver: defective.flatMap(({ image, masks }) => [image.path, ...masks]),
        test: test!.images.map(({ image, masks }) =>
          testImage(image.path, masks.length === 0 ? normalLabel : "defect", masks),
        ),
        unusedMasks: [...train!.unused, ...test!.unused],
      },
      defective.length > 0
        ? [`Not trained on: ${counted(defective.length, "defective image")} in Train.`]
        : [],
    );
  },
};

function partOf(tree: Tree, part: string) {
  const files = imagesBelow(tree, part);
  const isLabel = (folder: string | undefined) =>
    folder?.toLowerCase() === "label" || isMaskFolder(folder ?? "");
  return {
    images: files.filter(({ folders }) => folders.length === 0),
    masks: files.filter(({ folders, stem }) => isLabel(folders[0]) && /_label$/i.test(stem)),
  };
}
