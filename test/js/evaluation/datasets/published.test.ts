import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { openDataset } from "../../../../lib/evaluation/dataset.js";
import { folderFormats } from "../../../../lib/evaluation/datasets/formats.js";
import { datasetFormats, type DatasetFormatName } from "../../../../lib/options/dataset-format.js";
import { touch, writePicture } from "../../support/dataset-fixtures.js";
import { summaryOf } from "../../support/dataset-summary.js";
import { rejects } from "../../support/rejection.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

/** Opened by itself, in a folder around it, and by the format's name, it is the same data set. */
async function opens(
  t: ExecutionContext,
  format: DatasetFormatName,
  folder: string,
  expected: Record<string, string[]>,
): Promise<void> {
  t.deepEqual(summaryOf(folder, await openDataset(folder)), expected);
  t.deepEqual(summaryOf(folder, await openDataset(folder, { format })), expected);
}

test("MVTec AD", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(
    folder,
    "train/good/000.png",
    "test/good/000.png",
    "test/crack/000.png",
    "ground_truth/crack/000_mask.png",
  );
  await opens(t, "mvtec-ad", folder, {
    train: ["train/good/000.png"],
    test: ["test/crack/000.png crack ground_truth/crack/000_mask.png", "test/good/000.png good -"],
    unusedMasks: [],
  });
});

test("MPDD", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(folder, "bracket/train/good/000.png", "bracket/test/good/000.png", "bracket/test/hole/000.png");
  await touch(folder, "bracket/ground_truth/hole/000_mask.png");
  await opens(t, "mpdd", folder, {
    train: ["bracket/train/good/000.png"],
    test: [
      "bracket/test/good/000.png good -",
      "bracket/test/hole/000.png hole bracket/ground_truth/hole/000_mask.png",
    ],
    unusedMasks: [],
  });
});

test("MVTec LOCO AD: an image's masks count together, and its validation part is one", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(folder, "train/good/000.png", "validation/good/000.png", "test/good/000.png");
  await touch(folder, "test/logical_anomalies/000.png", "test/logical_anomalies/001.png");
  await touch(folder, "test/structural_anomalies/000.png");
  await touch(
    folder,
    "ground_truth/logical_anomalies/000/000.png",
    "ground_truth/logical_anomalies/000/001.png",
  );
  await touch(
    folder,
    "ground_truth/logical_anomalies/001/000.png",
    "ground_truth/structural_anomalies/000/000.png",
  );
  const truth = "ground_truth/logical_anomalies";
  await opens(t, "mvtec-loco", folder, {
    train: ["train/good/000.png"],
    validation: ["validation/good/000.png good -"],
    test: [
      "test/good/000.png good -",
      `test/logical_anomalies/000.png logical_anomalies ${truth}/000/000.png+${truth}/000/001.png`,
      `test/logical_anomalies/001.png logical_anomalies ${truth}/001/000.png`,
      "test/structural_anomalies/000.png structural_anomalies ground_truth/structural_anomalies/000/000.png",
    ],
    unusedMasks: [],
  });
});

test("MVTec AD 2: the public test part, with the lighting as group", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(folder, "train/good/000_regular.png", "validation/good/001_regular.png");
  await touch(folder, "test_public/good/002_regular.png", "test_public/bad/003_overexposed.png");
  await touch(folder, "test_public/ground_truth/bad/003_overexposed_mask.png", "test_private/004.png");
  await opens(t, "mvtec-ad-2", folder, {
    train: ["train/good/000_regular.png"],
    validation: ["validation/good/001_regular.png good -"],
    test: [
      "test_public/bad/003_overexposed.png bad test_public/ground_truth/bad/003_overexposed_mask.png overexposed",
      "test_public/good/002_regular.png good - regular",
    ],
    unusedMasks: [],
    notes: ["ROOT: left out 1 file: 1 image outside of the layout (test_private/004.png)."],
  });
});

test("MVTec 3D-AD: colour images alone", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(folder, "train/good/rgb/000.png", "train/good/xyz/000.tiff", "validation/good/rgb/000.png");
  await touch(
    folder,
    "test/good/rgb/000.png",
    "test/good/gt/000.png",
    "test/hole/rgb/000.png",
    "test/hole/gt/000.png",
  );
  await opens(t, "mvtec-3d", folder, {
    train: ["train/good/rgb/000.png"],
    validation: ["validation/good/rgb/000.png good -"],
    test: [
      "test/good/rgb/000.png good test/good/gt/000.png",
      "test/hole/rgb/000.png hole test/hole/gt/000.png",
    ],
    unusedMasks: [],
    notes: ["ROOT: left out 1 file: 1 image outside of the layout (train/good/xyz/000.tiff)."],
  });
});

test("BTAD", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(
    folder,
    "train/ok/0000.bmp",
    "test/ok/0000.bmp",
    "test/ko/0000.bmp",
    "ground_truth/ko/0000.png",
  );
  await opens(t, "btad", folder, {
    train: ["train/ok/0000.bmp"],
    test: ["test/ko/0000.bmp ko ground_truth/ko/0000.png", "test/ok/0000.bmp good -"],
    unusedMasks: [],
  });
});

const visaImages = [
  "Normal/0000.JPG",
  "Normal/0001.JPG",
  "Normal/0002.JPG",
  "Anomaly/000.JPG",
  "Anomaly/001.JPG",
];

test("VisA: its split csv decides, whether the object or the folder around it is opened", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(folder, ...visaImages.map((image) => `candle/Data/Images/${image}`));
  await touch(
    folder,
    "candle/Data/Masks/Anomaly/000.png",
    "candle/Data/Masks/Anomaly/001.png",
    "candle/image_anno.csv",
  );
  await touch(folder, "split_csv/1cls.csv");
  const rows = [
    "object,split,label,image,mask",
    "candle,train,normal,candle/Data/Images/Normal/0002.JPG,",
    "candle,test,normal,candle/Data/Images/Normal/0000.JPG,",
    "candle,test,anomaly,candle/Data/Images/Anomaly/000.JPG,candle/Data/Masks/Anomaly/000.png",
    "pcb1,train,normal,pcb1/Data/Images/Normal/0000.JPG,",
  ];
  await writeFile(join(folder, "split_csv/1cls.csv"), `${rows.join("\r\n")}\r\n`);
  await opens(t, "visa", join(folder, "candle"), {
    train: ["Data/Images/Normal/0002.JPG"],
    test: [
      "Data/Images/Normal/0000.JPG good -",
      "Data/Images/Anomaly/000.JPG anomaly Data/Masks/Anomaly/000.png",
    ],
    unusedMasks: [],
    notes: ["ROOT: left out 3 files: 3 images outside of the layout (such as Data/Images/Anomaly/001.JPG)."],
  });
  t.is((await openDataset(folder)).train.length, 1);
});

test("VisA without its split csv has no split, and a note says so", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(
    folder,
    "Data/Images/Normal/0000.JPG",
    "Data/Images/Anomaly/000.JPG",
    "Data/Masks/Anomaly/000.png",
  );
  const found = summaryOf(folder, await openDataset(folder));
  t.deepEqual(found.train, ["Data/Images/Normal/0000.JPG"]);
  t.deepEqual(found.test, [
    "Data/Images/Anomaly/000.JPG anomaly Data/Masks/Anomaly/000.png",
    "Data/Images/Normal/0000.JPG good -",
  ]);
  t.regex(found.notes!.join(" "), /no split_csv\/1cls\.csv in .*has no split: its 1 good image is used both/);
});

const empty = ["....", "...."];
const marked = ["....", ".##."];

test("KolektorSDD: the masks decide on the labels, and the items are the groups", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(folder, "kos01/Part0.jpg", "kos01/Part1.jpg", "kos02/Part0.jpg");
  await writePicture(join(folder, "kos01/Part0_label.png"), empty);
  await writePicture(join(folder, "kos01/Part1_label.png"), marked);
  await writePicture(join(folder, "kos02/Part0_label.png"), empty);
  // As published they are BMPs: what counts here is the name.
  for (const name of ["kos01/Part0", "kos01/Part1", "kos02/Part0"])
    await rename(join(folder, `${name}_label.png`), join(folder, `${name}_label.bmp`));
  await opens(t, "kolektor-sdd", folder, {
    train: ["kos01/Part0.jpg", "kos02/Part0.jpg"],
    test: [
      "kos01/Part0.jpg good kos01/Part0_label.bmp kos01",
      "kos01/Part1.jpg defect kos01/Part1_label.bmp kos01",
      "kos02/Part0.jpg good kos02/Part0_label.bmp kos02",
    ],
    unusedMasks: [],
    notes: [
      "The data set has no split: its 2 good images are used both to train and to test. A detector scores its training " +
        "images lower than new ones.",
    ],
  });
});

test("KolektorSDD2: defective images in train are not trained on", async (t) => {
  const folder = await temporaryFolder(t);
  for (const [name, rows] of Object.entries({
    "train/10": empty,
    "train/11": marked,
    "test/20": marked,
    "test/21": empty,
  })) {
    await touch(folder, `${name}.png`);
    await writePicture(join(folder, `${name}_GT.png`), rows);
  }
  await opens(t, "kolektor-sdd2", folder, {
    train: ["train/10.png"],
    test: ["test/20.png defect test/20_GT.png", "test/21.png good test/21_GT.png"],
    unusedMasks: [],
    notes: ["Not trained on: 1 image whose mask marks a defect."],
  });
});

test("DAGM: images with a label are defective", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(
    folder,
    "Train/0576.PNG",
    "Train/0577.PNG",
    "Train/Label/0577_label.PNG",
    "Train/Label/Labels.txt",
  );
  await touch(folder, "Test/0001.PNG", "Test/0002.PNG", "Test/Label/0002_label.PNG");
  await opens(t, "dagm", folder, {
    train: ["Train/0576.PNG"],
    test: ["Test/0001.PNG good -", "Test/0002.PNG defect Test/Label/0002_label.PNG"],
    unusedMasks: [],
    notes: ["Not trained on: 1 defective image in Train.", "ROOT: left out 1 file: 1 .txt."],
  });
});

test("DAGM: an image that Labels.txt calls defective is not good, even if its mask is missing", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(
    folder,
    ...["Train/0576.PNG", "Train/0577.PNG", "Train/0578.PNG", "Train/Label/0577_label.PNG"],
    ...["Test/0001.PNG", "Test/0002.PNG"],
  );
  await mkdir(join(folder, "Test/Label"), { recursive: true });
  await writeFile(
    join(folder, "Train/Label/Labels.txt"),
    "1\n0576\t0\t0576.PNG\t0\t0\n0577\t1\t0577.PNG\t0\t0577_label.PNG\n0578\t1\t0578.PNG\t0\t0578_label.PNG\n",
  );
  await writeFile(
    join(folder, "Test/Label/Labels.txt"),
    "1\r\n0001\t0\t0001.PNG\t0\t0\r\n0002\t1\t0002.png\t0\t0002_label.PNG\r\n",
  );
  await opens(t, "dagm", folder, {
    train: ["Train/0576.PNG"],
    test: ["Test/0001.PNG good -", "Test/0002.PNG defect -"],
    unusedMasks: [],
    notes: [
      "Not trained on: 2 defective images in Train.",
      "1 image that Train/Label/Labels.txt calls defective has no mask.",
      "1 image that Test/Label/Labels.txt calls defective has no mask.",
      "ROOT: left out 2 files: 2 .txt.",
    ],
  });
});

test("a folder for each class", async (t) => {
  for (const [good, bad] of [
    ["good", "bad"],
    ["OK", "NG"],
    ["Normal", "Anomaly"],
    ["pass", "fail"],
    ["ok_front", "def_front"],
  ]) {
    const folder = await temporaryFolder(t);
    await touch(folder, `${good!}/0.png`, `${good!}/1.png`, `${bad!}/0.png`, `masks/${bad!}/0_mask.png`);
    const found = summaryOf(folder, await openDataset(folder, { format: "class-folders" }));
    t.deepEqual(summaryOf(folder, await openDataset(folder)), found);
    t.deepEqual(found.train, [`${good!}/0.png`, `${good!}/1.png`]);
    t.deepEqual(
      [...found.test!].sort(),
      [
        `${bad!}/0.png ${bad!} masks/${bad!}/0_mask.png`,
        `${good!}/0.png good -`,
        `${good!}/1.png good -`,
      ].sort(),
    );
    t.regex(found.notes!.join(), /has no split: its 2 good images/);
  }
});

test("images with masks, beside them or in a folder of their own, are labelled by these", async (t) => {
  for (const [image, mask] of [
    ["parts/", "parts/"],
    ["images/", "masks/"],
    ["", ""],
    ["line1/images/", "line1/masks/"],
  ]) {
    const folder = await temporaryFolder(t);
    await touch(folder, `${image!}0.png`, `${image!}1.png`, `${image!}2.png`);
    await writePicture(join(folder, `${mask!}0_mask.png`), empty);
    await writePicture(join(folder, `${mask!}1_mask.png`), marked);
    const found = summaryOf(folder, await openDataset(folder));
    t.deepEqual(found.train, [`${image!}0.png`, `${image!}2.png`]);
    t.deepEqual(found.test, [
      `${image!}0.png good ${mask!}0_mask.png`,
      `${image!}1.png defect ${mask!}1_mask.png`,
      `${image!}2.png good -`,
    ]);
  }
});

test("a mask that belongs to no image is refused if labels depend on it", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(folder, "images/0.png", "images/1.png", "masks/2_mask.png");
  await rejects(
    t,
    openDataset(folder),
    "INVALID_ARGUMENT",
    /1 mask cannot be matched to an image, such as .*2_mask/,
  );
});

test("a folder of several data sets is refused, and they are named", async (t) => {
  const folder = await temporaryFolder(t);
  for (const product of ["01", "02"])
    await touch(folder, `${product}/train/ok/0.bmp`, `${product}/test/ko/0.bmp`);
  await rejects(
    t,
    openDataset(folder),
    "INVALID_ARGUMENT",
    /holds 2 data sets: .*01, .*02\. Open one of them/,
  );
});

test("an unknown layout is refused with what was found and what is known", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(folder, "monday/0.png", "friday/0.png", "friday/1.png", "2.png", "notes.txt");
  const error = await rejects(t, openDataset(folder), "NO_IMAGES");
  t.regex(
    error!.message,
    /Found: friday \(2 images\), monday \(1 image\), 1 image in .* itself; also 1 \.txt\. Known layouts:/,
  );
  for (const format of datasetFormats) t.true(error!.message.includes(`  ${format}`), format);
  await rejects(
    t,
    openDataset(folder, { format: "visa" }),
    "INVALID_ARGUMENT",
    /is not laid out as VisA: expected Data\/.*found friday/,
  );
  await rejects(
    t,
    openDataset(folder, { format: "coco" as never }),
    "INVALID_ARGUMENT",
    /format must be "mvtec-ad"/,
  );
});

test("every format has a name for the option", (t) => {
  t.deepEqual([...folderFormats.map(({ name }) => name), "manifest"].sort(), [...datasetFormats].sort());
});
