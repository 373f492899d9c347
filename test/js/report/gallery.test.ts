import { join } from "node:path";
import test from "ava";
import sharp from "sharp";
import { Gallery } from "../../../lib/report/gallery.js";
import { encoder, noise } from "../support/image-fixtures.js";
import { temporaryFolder } from "../support/temporary-folder.js";

test("outlines of regions, in pixels of the image, are drawn on its thumbnail where they belong", async (t) => {
  const path = join(await temporaryFolder(t), "a.png");
  const dark = { ...noise(640, 320, 3), data: new Uint8Array(640 * 320 * 3).fill(40) };
  await encoder(dark).png().toFile(path);
  const gallery = new Gallery();
  const map = { data: new Float32Array(16), height: 4, width: 4 };
  const square = [
    [160, 80],
    [480, 80],
    [480, 240],
    [160, 240],
  ] as const;
  gallery.add(path, map, [square]);
  gallery.add(path, map);
  const drawn = await gallery.draw([0, 1], { signal: new AbortController().signal });
  const lit = async (number: number) => {
    const { data, info } = await sharp(drawn.get(number)!.overlay)
      .raw()
      .toBuffer({ resolveWithObject: true });
    t.deepEqual([info.width, info.height], [320, 160]);
    return (x: number, y: number) => data[(y * info.width + x) * info.channels]! > 180;
  };
  const outlined = await lit(0);
  // Half of the image's coordinates.
  t.true(outlined(160, 40) && outlined(160, 119) && outlined(80, 80) && outlined(239, 80));
  t.false(outlined(160, 80) || outlined(20, 20));
  const plain = await lit(1);
  t.false(plain(160, 40) || plain(80, 80));
});
