import { join } from "node:path";
import sharp from "sharp";
import type { RawImage } from "../../lib/image/raw-image.js";
import { SafetensorsFile } from "../../lib/safetensors/reader.js";
import { writeSafetensors } from "../../lib/safetensors/writer.js";
import { seededImages } from "../parity/inputs.js";
import { compare, timed, type Comparison } from "./compare.js";
import type { Effort } from "./effort.js";
import { imageSize, type Workload } from "./workload.js";

/** Compares resizing from 900 x 900 to 256 x 256, by the addon and by sharp, with Pillow. */
export async function compareResizing(workload: Workload, { rounds }: Effort): Promise<Comparison[]> {
  const images = seededImages(8, [900, 900]);
  const path = join(workload.folder, "large.safetensors");
  const data = Buffer.concat(images.map((image) => new Uint8Array(image.data)));
  await writeSafetensors(path, [{ name: "images", dtype: "U8", shape: [8, 900, 900, 3], data }], {});
  const out = join(workload.folder, "resized.safetensors");
  const request = { job: "resize", images: path, size: [imageSize, imageSize], out };
  const reference = async () => (await workload.reference.request<{ seconds: number }>(request)).seconds;
  await reference();
  await requireLikePillow(workload, images, await readPixels(out));
  const ofAddon = async () => {
    const set = new workload.addon.ImageSet({ height: imageSize, width: imageSize, fit: "stretch" });
    const seconds = await timed(async () => {
      for (const image of images) await set.add(image);
    });
    set.dispose();
    return seconds / images.length;
  };
  const bySharp = async () => (await timed(() => Promise.all(images.map(resizeBySharp)))) / images.length;
  const subject = (by: string) => ({
    job: `resize 900 x 900 to ${imageSize} x ${imageSize}, by ${by}`,
    unit: "per image",
    against: "Pillow",
  });
  return [
    await compare(subject("the addon"), rounds, { ours: ofAddon, reference }),
    await compare(subject("sharp"), rounds, { ours: bySharp, reference }),
  ];
}

/** Pillow's pixels of the first image. */
async function readPixels(path: string): Promise<RawImage> {
  const file = await SafetensorsFile.open(path);
  try {
    const { data } = await file.read(file.tensors.get("images")!);
    const pixels = new Uint8Array(data.buffer, data.byteOffset, imageSize * imageSize * 3);
    return { data: pixels, width: imageSize, height: imageSize, channels: 3 };
  } finally {
    await file.close();
  }
}

/**
 * Checks the pixels. Those of the addon are compared by their scores: both sides round to 8 bits, so they may differ by
 * one grey level. sharp's linear kernel is a different filter, so its pixels are only similar.
 */
async function requireLikePillow(
  { native, addon }: Workload,
  [first]: readonly RawImage[],
  expected: RawImage,
): Promise<void> {
  const [ours, theirs] = await native.score([first!, expected], 0, new addon.CancelToken());
  if (!(Math.abs(ours!.score - theirs!.score) < 2e-3 * theirs!.score)) {
    throw new Error(
      `An image resized by the addon scores ${ours!.score}, but ${theirs!.score} if resized by Pillow.`,
    );
  }
  const bySharp = await resizeBySharp(first!);
  const pixels = Buffer.from(expected.data as Uint8Array);
  const difference = bySharp.reduce((sum, value, i) => sum + Math.abs(value - pixels[i]!), 0) / pixels.length;
  if (!(difference < 4)) throw new Error(`sharp's pixels differ from Pillow's by ${difference} grey levels.`);
}

function resizeBySharp({ data, width, height }: RawImage): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .resize(imageSize, imageSize, { kernel: "linear", fit: "fill" })
    .raw()
    .toBuffer();
}
