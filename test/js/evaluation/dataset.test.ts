import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import test from "ava";
import type { ErrorCode, ReverseDistillationError } from "../../../lib/errors/error.js";
import { datasetFromLists, openDataset, splitNormal } from "../../../lib/evaluation/dataset.js";
import { touch } from "../support/dataset-fixtures.js";
import { summaryOf } from "../support/dataset-summary.js";
import { longestTurn } from "../support/longest-turn.js";
import { rejects } from "../support/rejection.js";
import { sharedPath, testWithShared } from "../support/shared.js";
import { temporaryFolder } from "../support/temporary-folder.js";

test("the layout of MVTec AD is read, masks found by either name and in any format", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(folder, "train/good/001.png", "train/good/000.JPG", "test/good/000.png");
  await touch(
    folder,
    "test/scratch/000.png",
    "test/scratch/001.PNG",
    "test/scratch/002.png",
    "test/hole/000.jpg",
  );
  await touch(folder, "ground_truth/scratch/000_mask.png", "ground_truth/scratch/001.PNG");
  await touch(
    folder,
    "ground_truth/hole/000_mask.tif",
    "ground_truth/hole/000.png",
    "ground_truth/hole/9_mask.png",
  );
  t.deepEqual(summaryOf(folder, await openDataset(folder)), {
    train: ["train/good/000.JPG", "train/good/001.png"],
    test: [
      "test/good/000.png good -",
      "test/hole/000.jpg hole ground_truth/hole/000_mask.tif",
      "test/scratch/000.png scratch ground_truth/scratch/000_mask.png",
      "test/scratch/001.PNG scratch ground_truth/scratch/001.PNG",
      "test/scratch/002.png scratch -",
    ],
    unusedMasks: ["ground_truth/hole/000.png", "ground_truth/hole/9_mask.png"],
  });
  t.deepEqual(await openDataset(pathToFileURL(folder)), await openDataset(folder));
});

test("folders within folders keep masks apart, and links lead into other folders", async (t) => {
  const folder = await temporaryFolder(t);
  const elsewhere = await temporaryFolder(t);
  await touch(elsewhere, "0.png", "more/0.png");
  await touch(folder, "test/dent/a/0.png", "test/dent/b/0.png", "ground_truth/dent/b/0_mask.png");
  await symlink(elsewhere, join(folder, "test/good"));
  await symlink("../test", join(folder, "test/loop"));
  t.deepEqual(summaryOf(folder, await openDataset(folder)), {
    train: [],
    test: [
      "test/dent/a/0.png dent -",
      "test/dent/b/0.png dent ground_truth/dent/b/0_mask.png",
      "test/good/0.png good -",
      "test/good/more/0.png good -",
    ],
    unusedMasks: [],
  });
});

test("train may hold the images itself, and either of train and test may be missing", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(folder, "a/train/0.png", "a/train/day2/1.png", "b/test/defect/0.png", "b/test/good/0.png");
  t.deepEqual(summaryOf(folder, await openDataset(join(folder, "a"))), {
    train: ["a/train/0.png", "a/train/day2/1.png"],
    test: [],
    unusedMasks: [],
    notes: ["The training images are in several folders, all taken as good: . (1 image), day2 (1 image)."],
  });
  t.deepEqual(summaryOf(folder, await openDataset(join(folder, "b"))).test, [
    "b/test/defect/0.png defect -",
    "b/test/good/0.png good -",
  ]);
});

test("what is no data set is refused, and the layout is told", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(folder, "other/images/0.png", "loose/test/0.png", "file.png");
  const fails = async (path: string, code: ErrorCode, message: RegExp): Promise<void> => {
    await rejects(t, openDataset(join(folder, path)), code, message);
  };
  await fails("missing", "NOT_FOUND", /There is no folder .*missing.*train\/good\/\*\.png/);
  await fails("other", "NO_IMAGES", /other is not a data set in any known layout.*ground_truth\/<defect>/s);
  await fails("loose", "INVALID_ARGUMENT", /0\.png lies in the folder test itself.*test\/<defect>/);
  await fails("file.png", "INVALID_ARGUMENT", /is a file/);
  await t.throwsAsync(openDataset(7 as never), { message: /folder must be a path/ });
});

test("lists make a data set, and each entry is checked", (t) => {
  const dataset = datasetFromLists({
    train: ["a.png", pathToFileURL("/data/b.png")],
    test: [
      { image: "c.png", label: "good" },
      { image: "d.png", label: "dent", mask: "d-mask.png" },
    ],
  });
  t.deepEqual(dataset, {
    train: ["a.png", "/data/b.png"],
    test: [
      { image: "c.png", label: "good" },
      { image: "d.png", label: "dent", mask: "d-mask.png" },
    ],
    unusedMasks: [],
  });
  const refused = (lists: unknown, code: ErrorCode, message: RegExp): void => {
    t.is(t.throws<ReverseDistillationError>(() => datasetFromLists(lists as never), { message }).code, code);
  };
  refused({}, "NO_IMAGES", /both empty/);
  refused({ train: "folder" }, "INVALID_ARGUMENT", /train must be a list/);
  refused({ train: [""] }, "INVALID_ARGUMENT", /train\[0\] must be a path/);
  refused({ test: [{ image: "a.png" }] }, "INVALID_ARGUMENT", /test\[0\]\.label must be "good" or the kind/);
  refused({ test: [{ image: "a.png", label: "x", kind: 1 }] }, "INVALID_ARGUMENT", /unknown key "kind"/);
  refused(
    { test: [{ image: "a.png", label: "good", mask: "m.png" }] },
    "INVALID_ARGUMENT",
    /test\[0\]\.mask/,
  );
  refused({ validation: [] }, "INVALID_ARGUMENT", /unknown key "validation"/);
});

test("a folder of normal images is split by seed, each image once", async (t) => {
  const folder = await temporaryFolder(t);
  const names = Array.from({ length: 20 }, (_, i) => `${String(i).padStart(2, "0")}.png`);
  await touch(folder, ...names);
  const all = names.map((name) => join(folder, name));
  const split = await splitNormal(folder, { testFraction: 0.25, seed: 3 });
  t.is(split.train.length, 15);
  t.deepEqual([...split.train, ...split.test.map((item) => item.image)].sort(), all);
  t.deepEqual(split.train, [...split.train].sort());
  t.true(split.test.every((item) => item.label === "good" && item.mask === undefined));
  t.deepEqual(await splitNormal(folder, { testFraction: 0.25, seed: 3 }), split);
  t.notDeepEqual(await splitNormal(folder, { testFraction: 0.25, seed: 4 }), split);
  t.is((await splitNormal(folder)).test.length, 4);
  t.is((await splitNormal(folder, { testFraction: 0.001 })).test.length, 1);
  t.is((await splitNormal(folder, { testFraction: 0.999 })).train.length, 1);
});

test("a split that cannot be is refused", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(folder, "one/0.png", "two/0.png", "two/1.png");
  const fails = async (path: string, options: object, code: ErrorCode, message: RegExp): Promise<void> => {
    const split = splitNormal(join(folder, path), options);
    await rejects(t, split, code, message);
  };
  await fails("one", {}, "INVALID_ARGUMENT", /contains one image, but a split needs at least two/);
  await fails(
    "two",
    { testFraction: 1 },
    "INVALID_ARGUMENT",
    /testFraction must be a number between 0 and 1/,
  );
  await fails("two", { testFraction: 0 }, "INVALID_ARGUMENT", /testFraction/);
  await fails("two", { seed: -1 }, "INVALID_ARGUMENT", /seed must be/);
  await fails("two", { share: 0.5 }, "INVALID_ARGUMENT", /unknown key "share"/);
  await fails("three", {}, "NOT_FOUND", /no folder/);
});

testWithShared("data/mvtec_bottle")("the bottle category of MVTec AD is read whole", async (t) => {
  const { train, test: images, unusedMasks } = await openDataset(sharedPath("data/mvtec_bottle")!);
  t.is(train.length, 209);
  t.is(images.length, 83);
  t.is(images.filter(({ label }) => label === "good").length, 20);
  t.is(images.filter(({ mask }) => mask !== undefined).length, 8);
  t.deepEqual(unusedMasks, []);
});

test("the event loop runs while a data set of 10,000 images is opened", async (t) => {
  const folder = await temporaryFolder(t);
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
  await touch(
    folder,
    ...numbers(5000).map((i) => `train/good/${i}.jpg`),
    ...numbers(5000).map((i) => `test/scratch/${i}.jpg`),
    ...numbers(5000).map((i) => `ground_truth/scratch/${i}_mask.jpg`),
  );
  let images = 0;
  const longest = await longestTurn(async () => {
    const { train, test } = await openDataset(folder);
    images = train.length + test.filter(({ mask }) => mask !== undefined).length;
  });
  t.is(images, 10_000);
  t.true(longest < 100, `${longest} ms`);
});
