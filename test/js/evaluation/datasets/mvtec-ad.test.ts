import { symlink } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { openDataset } from "../../../../lib/evaluation/dataset.js";
import { touch } from "../../support/dataset-fixtures.js";
import { summaryOf } from "../../support/dataset-summary.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

test("names of folders count in any case, and other words for good", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(
    folder,
    "Train/OK/0.png",
    "Test/OK/0.png",
    "Test/Scratch/0.png",
    "Ground_Truth/scratch/0_MASK.png",
  );
  await touch(folder, "Test/not_ok/0.png");
  t.deepEqual(summaryOf(folder, await openDataset(folder)), {
    train: ["Train/OK/0.png"],
    test: [
      "Test/OK/0.png good -",
      "Test/Scratch/0.png Scratch Ground_Truth/scratch/0_MASK.png",
      "Test/not_ok/0.png not_ok -",
    ],
    unusedMasks: [],
  });
});

for (const [folder, end] of [
  ["masks", "_mask"],
  ["mask", ""],
  ["gt", "_GT"],
  ["groundtruth", "_gt"],
  ["ground truth", "_label"],
]) {
  test(`masks are found in the folder ${folder!}, with the end "${end!}"`, async (t) => {
    const root = await temporaryFolder(t);
    await touch(root, "test/good/0.png", "test/dent/0.png", `${folder!}/dent/0${end!}.bmp`);
    t.deepEqual(summaryOf(root, await openDataset(root)), {
      train: [],
      test: [`test/dent/0.png dent ${folder!}/dent/0${end!}.bmp`, "test/good/0.png good -"],
      unusedMasks: [],
    });
  });
}

test("masks that lie in no label's folder belong to defective images", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(folder, "test/good/0.png", "test/dent/0.png", "test/dent/1.png", "test/hole/1.png");
  await touch(folder, "masks/0_mask.png", "masks/1_mask.png");
  t.deepEqual(summaryOf(folder, await openDataset(folder)), {
    train: [],
    test: [
      "test/dent/0.png dent masks/0_mask.png",
      "test/dent/1.png dent -",
      "test/good/0.png good -",
      "test/hole/1.png hole -",
    ],
    unusedMasks: ["masks/1_mask.png"],
  });
});

test("masks of good images are theirs, and masks beside images are masks", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(
    folder,
    "test/good/0.png",
    "test/dent/0.png",
    "test/dent/0_mask.png",
    "ground_truth/good/0_mask.png",
  );
  t.deepEqual(summaryOf(folder, await openDataset(folder)).test, [
    "test/dent/0.png dent test/dent/0_mask.png",
    "test/good/0.png good ground_truth/good/0_mask.png",
  ]);
});

test("defective images in train are left out, and a note says so, as of all that is left out", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(
    folder,
    "train/OK/0.png",
    "train/NG/0.png",
    "train/NG/1.png",
    "train/OK/thumb.png",
    "test/OK/1.png",
  );
  await touch(folder, "readme.txt", "train/notes.txt", "a.psd", "photos/0.png", "train/OK/.DS_Store");
  t.deepEqual(summaryOf(folder, await openDataset(folder)), {
    train: ["train/OK/0.png"],
    test: ["test/OK/1.png good -"],
    unusedMasks: [],
    notes: [
      "Not trained on: 2 images called defective (such as NG/0.png).",
      "ROOT: left out 5 files: 1 .psd, 1 .txt, 1 hidden file (train/OK/.DS_Store), 1 thumbnail (train/OK/thumb.png), " +
        "1 image outside of the layout (photos/0.png).",
    ],
  });
});

test("folders of train that do not say what they hold are all taken, and a note says so", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(folder, "train/monday/0.png", "train/friday/0.png", "train/friday/1.png", "test/good/0.png");
  const { train, notes } = summaryOf(folder, await openDataset(folder));
  t.deepEqual(train, ["train/friday/0.png", "train/friday/1.png", "train/monday/0.png"]);
  t.regex(notes![0]!, /several folders, all taken as good: friday \(2 images\), monday \(1 image\)/);
});

test("a link to the folder of training images makes test images of them", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(folder, "train/good/0.png", "test/dent/0.png");
  await symlink("../train/good", join(folder, "test/good"));
  t.deepEqual(summaryOf(folder, await openDataset(folder)).test, [
    "test/dent/0.png dent -",
    "test/good/0.png good -",
  ]);
});

test("a validation part is opened, with labels, whatever it is called", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(folder, "train/OK/0.png", "val/OK/1.png", "val/NG/2.png", "test/OK/3.png", "NG_masks/3.png");
  t.deepEqual(summaryOf(folder, await openDataset(folder)), {
    train: ["train/OK/0.png"],
    validation: ["val/NG/2.png NG -", "val/OK/1.png good -"],
    test: ["test/OK/3.png good -"],
    unusedMasks: ["NG_masks/3.png"],
  });
});
