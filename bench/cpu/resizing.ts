import { join } from "node:path";
import sharp from "sharp";
import type { RawImage } from "../../lib/native/addon.js";
import { writeSafetensors } from "../../lib/safetensors/writer.js";
import { seededImages } from "../parity/inputs.js";
import { compare, timed, type Comparison } from "./compare.js";
import type { Effort } from "./effort.js";
import { imageSize, type Workload } from "./workload.js";

/** Resizing of 900 x 900 to 256 x 256: by the addon and by sharp, each against Pillow. */
export async function compareResizing(workload: Workload, { rounds }: Effort): Promise<Comparison[]> {
  const images = seededImages(8, [900, 900]);
  const path = join(workload.folder, "large.safetensors");
  const data = Buffer.concat(images.map((image) => new Uint8Array(image.data)));
  await writeSafetensors(path, [{ name: "images", dtype: "U8", shape: [8, 900, 900, 3], data }], {});
  const reference = async () =>
    (
      await workload.reference.request<{ seconds: number }>({
        ...{ job: "resize", images: path, size: [imageSize, imageSize] },
      })
    ).seconds;
  const ofAddon = async () => {
    const set = new workload.addon.ImageSet(imageSize, imageSize);
    const seconds = await timed(async () => {
      for (const image of images) await set.add(image);
    });
    set.dispose();
    return seconds / images.length;
  };
  const bySharp = async () => (await timed(() => Promise.all(images.map(resizeBySharp)))) / images.length;
  const subject = (by: string) => ({
    job: `resize 900 x 900 to ${imageSize} x ${imageSize}, by ${by}`,
    unit: "an image",
    against: "Pillow",
  });
  return [
    await compare(subject("the addon"), rounds, { ours: ofAddon, reference }),
    await compare(subject("sharp"), rounds, { ours: bySharp, reference }),
  ];
}

function resizeBySharp({ data, width, height }: RawImage): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .resize(imageSize, imageSize, { kernel: "linear", fit: "fill" })
    .raw()
    .toBuffer();
}
