import { link, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { requireSeparate } from "../../../lib/files/outputs.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

async function twoFiles(folder: string): Promise<{ image: string; other: string }> {
  const [image, other] = [join(folder, "image.png"), join(folder, "other.png")];
  await writeFile(image, "image");
  await writeFile(other, "image");
  return { image, other };
}

test("an output that is an input is rejected under any of its names, and the error names both", async (t) => {
  const folder = await temporaryFolder(t);
  const { image, other } = await twoFiles(folder);
  await mkdir(join(folder, "below"));
  await symlink(image, join(folder, "symbolic.png"));
  await symlink(".", join(folder, "folder"));
  await link(image, join(folder, "hard.png"));
  const aliases = ["image.png", "below/../image.png", "symbolic.png", "folder/image.png", "hard.png"];
  for (const alias of aliases.map((name) => `${folder}/${name}`)) {
    const refused = requireSeparate(
      [{ name: "the model", path: alias }],
      [
        { name: "the weights", path: other },
        { name: "the image", path: image },
      ],
    );
    await rejects(
      t,
      refused,
      "INVALID_ARGUMENT",
      new RegExp(`^Cannot write the model to ${alias}: .*the image ${image}\\.`),
    );
    const reversed = requireSeparate(
      [{ name: "the model", path: image }],
      [{ name: "the image", path: alias }],
    );
    await rejects(t, reversed, "INVALID_ARGUMENT", new RegExp(`to ${image}: .*the image ${alias}\\.`));
  }
});

test("files with equal content, missing files and paths below a file do not collide", async (t) => {
  const folder = await temporaryFolder(t);
  const { image, other } = await twoFiles(folder);
  await symlink("nowhere", join(folder, "dangling"));
  const named = (path: string) => ({ name: "it", path });
  for (const path of [other, join(folder, "new"), join(folder, "dangling"), join(image, "below")])
    await t.notThrowsAsync(requireSeparate([named(path)], [named(image), named(join(folder, "missing"))]));
});
