import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { openImageSource } from "../../../lib/image/source.js";
import { folderOfImages } from "../support/image-fixtures.js";

const folder = mkdtempSync(join(tmpdir(), "image-source-"));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

test("a data set's test images are not trained on, whether its normal ones lie in train/good or in train", async (t) => {
  for (const normal of [join("train", "good"), "train"]) {
    const dataset = join(folder, normal.replaceAll("/", "-"));
    await folderOfImages(join(dataset, normal), 3);
    await folderOfImages(join(dataset, "test", "good"), 2);
    const { images, total } = await openImageSource(dataset);
    t.is(total, 3);
    for await (const image of images) t.true((image as string).startsWith(join(dataset, "train")));
  }
});

test("a folder without train is trained on as a whole", async (t) => {
  const plain = join(folder, "plain");
  await folderOfImages(join(plain, "a"), 1);
  await folderOfImages(join(plain, "b"), 2);
  t.is((await openImageSource(plain)).total, 3);
});
