import { mkdir, rename, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import test, { type ExecutionContext } from "ava";
import { findTrainingImages, openTrainingSource } from "../../../lib/evaluation/training-images.js";
import { touch, writePicture } from "../support/dataset-fixtures.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const warnings: string[] = [];
process.removeAllListeners("warning");
process.on("warning", ({ name, message, ...rest }) => {
  if (name === "ReverseDistillationWarning" && "code" in rest) warnings.push(message);
});

/** The images that are found, by their paths below the folder, and the warnings about it, which do not begin with it. */
async function found(
  folder: string,
  options?: Parameters<typeof findTrainingImages>[1],
): Promise<{ images: string[]; warned: string[] }> {
  const images = await findTrainingImages(folder, options);
  await new Promise((resolve) => setImmediate(resolve));
  const warned = warnings.splice(0).map((message) => message.replaceAll(folder, "ROOT"));
  return { images: images.map((image) => relative(folder, image)), warned };
}

async function folderWith(t: ExecutionContext, ...files: string[]): Promise<string> {
  const folder = await temporaryFolder(t);
  await touch(folder, ...files);
  return folder;
}

// One after the other: warnings are the process's.
for (const normal of ["train/good", "train", "Train/OK"]) {
  test.serial(
    `a data set's test images are not trained on, if its normal ones lie in ${normal}`,
    async (t) => {
      const folder = await folderWith(
        t,
        `${normal}/0.png`,
        `${normal}/1.png`,
        "test/good/0.png",
        "test/dent/0.png",
      );
      t.deepEqual(await found(folder), { images: [`${normal}/0.png`, `${normal}/1.png`], warned: [] });
      const { images, total, files } = await openTrainingSource(pathToFileURL(folder));
      t.is(total, 2);
      t.deepEqual(images, files);
    },
  );
}

for (const [good, bad] of [
  ["good", "bad"],
  ["OK", "NG"],
  ["normal", "anomaly"],
  ["Pass", "Fail"],
  ["IO", "NIO"],
  ["defect-free", "defective"],
  ["ok_front", "def_front"],
  ["Good parts", "scratches"],
]) {
  test.serial(
    `of the folders ${good!} and ${bad!}, only the first is trained on, and a warning says so`,
    async (t) => {
      for (const around of ["", "train/", "parts/2024/"]) {
        const folder = await folderWith(
          t,
          `${around}${good!}/0.png`,
          `${around}${bad!}/0.png`,
          `${around}${bad!}/1.png`,
        );
        const { images, warned } = await found(folder);
        t.deepEqual(images, [`${around}${good!}/0.png`]);
        t.is(warned.length, 1, warned.join("\n"));
        t.regex(warned[0]!, /(Not trained on|left out).*2 images/);
        t.true(warned[0]!.includes(bad!), warned[0]);
      }
    },
  );
}

test.serial("folders of good parts are found below others, in each of which they are", async (t) => {
  const folder = await folderWith(
    t,
    "camera1/OK/0.png",
    "camera1/NG/0.png",
    "camera2/OK/0.png",
    "camera2/NG/0.png",
    "x.png",
  );
  const { images, warned } = await found(folder);
  t.deepEqual(images, ["camera1/OK/0.png", "camera2/OK/0.png"]);
  t.deepEqual(warned, [
    "Not trained on: 2 images in NG.",
    "ROOT: left out 1 file: 1 image outside of the layout (x.png).",
  ]);
});

test.serial("names of files say what is good, or what is not, if those of folders do not", async (t) => {
  const both = await folderWith(t, "good_1.png", "good (2).png", "bad_1.png", "extra.png");
  t.deepEqual((await found(both)).images, ["good (2).png", "good_1.png"]);
  const bad = await folderWith(t, "part_1.png", "part_2.png", "part_3_NG.png");
  t.deepEqual(await found(bad), {
    images: ["part_1.png", "part_2.png"],
    warned: ["ROOT: left out 1 file: 1 image called defective (part_3_NG.png)."],
  });
  const none = await folderWith(t, "normal_light_1.png", "dark_light_1.png", "okra.png");
  t.is((await found(none)).images.length, 3);
});

test.serial("several folders that do not say are an error with their counts and the option", async (t) => {
  const folder = await folderWith(t, "a/0.png", "b/0.png", "b/deep/1.png", "2.png");
  await rejects(
    t,
    findTrainingImages(folder),
    "INVALID_ARGUMENT",
    /several folders, whose names do not say.*: \. \(1 image\), a \(1 image\), b \(2 images\).*option good \(--good <folder>\), or use "\."/,
  );
  await rejects(
    t,
    findTrainingImages(await folderWith(t, "train/a/0.png", "train/b/0.png")),
    "INVALID_ARGUMENT",
    /a \(1 image\), b/,
  );
  t.deepEqual((await found(folder, { good: "b" })).images, ["b/0.png", "b/deep/1.png"]);
  t.deepEqual((await found(folder, { good: "." })).images.length, 4);
  await rejects(
    t,
    findTrainingImages(folder, { good: "c" }),
    "NOT_FOUND",
    /does not exist: c in .*It contains \. \(1 image\), a \(1/,
  );
  const inTrain = await folderWith(t, "train/monday/0.png", "train/friday/0.png");
  t.deepEqual((await found(inTrain, { good: "friday" })).images, ["train/friday/0.png"]);
});

test.serial("a single folder beside images is trained on with them, and a warning says so", async (t) => {
  const { images, warned } = await found(await folderWith(t, "0.png", "day2/1.png"));
  t.deepEqual(images, ["0.png", "day2/1.png"]);
  t.regex(warned.join(), /training on the images of several folders: \. \(1 image\), day2 \(1 image\)/);
  t.deepEqual(await found(await folderWith(t, "parts/images/0.png")), {
    images: ["parts/images/0.png"],
    warned: [],
  });
});

test.serial("of folders called train and others, the first are trained on", async (t) => {
  const folder = await folderWith(t, "a/train/good/0.png", "a/test/good/1.png", "2.png");
  const { images, warned } = await found(folder);
  t.deepEqual(images, ["a/train/good/0.png"]);
  t.regex(warned.join(), /2 images outside of train \(such as 2\.png\)/);
  const yolo = await folderWith(t, "train/images/0.png", "train/labels/0.txt", "test/1.png");
  t.deepEqual((await found(yolo)).images, ["train/images/0.png"]);
});

test.serial("a folder of masks alone is not trained on", async (t) => {
  const folder = await folderWith(t, "0_mask.png", "1_mask.png");
  await rejects(t, findTrainingImages(folder), "NO_IMAGES", /Left out: 2 masks/);
});

test.serial("images that are called defective alone are refused", async (t) => {
  await rejects(
    t,
    findTrainingImages(await folderWith(t, "NG/0.png")),
    "NO_IMAGES",
    /call every image in .* defective \(1 image, such as NG\/0\.png\)/,
  );
});

test.serial("masks and thumbnails are not trained on, nor what their masks call defective", async (t) => {
  const folder = await folderWith(
    t,
    "0.png",
    "1.png",
    "2.png",
    "2_thumb.png",
    "thumbnails/0.png",
    "a/notes.txt",
  );
  await writePicture(join(folder, "0_mask.png"), ["...."]);
  await writePicture(join(folder, "1_mask.png"), [".##."]);
  const { images, warned } = await found(folder);
  t.deepEqual(images, ["0.png", "2.png"]);
  t.regex(
    warned.join(" "),
    /1 image whose mask marks a defect.*1 thumbnail \(2_thumb\.png\), 1 \.txt, 1 system folder \(thumbnails\)/,
  );
});

test.serial("images of another extension, or of none, are known by their first bytes", async (t) => {
  const folder = await temporaryFolder(t);
  await writePicture(join(folder, "a.png"), ["#.#."]);
  for (const name of ["b", "c.dat", "d.JFIF"]) {
    await writePicture(join(folder, "x.png"), ["#.#."]);
    await rename(join(folder, "x.png"), join(folder, name));
  }
  await writeFile(join(folder, "e.bin"), "no image");
  await writeFile(join(folder, "f"), "");
  t.deepEqual(await found(folder), {
    images: ["a.png", "b", "c.dat", "d.JFIF"],
    warned: ["ROOT: left out 2 files: 1 .bin, 1 without an extension."],
  });
});

test.serial("a manifest is trained on by its images of good parts", async (t) => {
  const folder = await folderWith(t, "0.png", "1.png", "2.png");
  await writeFile(
    join(folder, "list.csv"),
    "image,label,split\n0.png,good,train\n1.png,dent,test\n2.png,ok,train\n",
  );
  const images = await findTrainingImages(join(folder, "list.csv"));
  t.deepEqual(
    images.map((image) => relative(folder, image)),
    ["0.png", "2.png"],
  );
});

test.serial("a folder without images to train on is refused", async (t) => {
  await rejects(
    t,
    findTrainingImages(await folderWith(t, "test/good/0.png")),
    "NO_IMAGES",
    /has no images of good parts/,
  );
  await mkdir(join(await temporaryFolder(t), "empty"));
  await rejects(
    t,
    findTrainingImages(await folderWith(t, "a.txt", "b.psd")),
    "NO_IMAGES",
    /Left out: 1 \.txt, 1 \.psd/,
  );
  await rejects(
    t,
    openTrainingSource(["a.png"], { good: "a" }),
    "INVALID_ARGUMENT",
    /good must be left out unless images are a folder/,
  );
});
