import { createHash } from "node:crypto";
import type { RawImage } from "reverse-distillation";

/** An image as the service gets it: an encoded file, or raw pixels. */
export type GivenImage = Uint8Array | RawImage;

/** An image as a file. */
export interface ImageFile {
  type: string;
  bytes: Uint8Array;
}

/** Media types by the first bytes of files, in Latin-1. */
const signatures: [start: RegExp, type: string][] = [
  [/^\x89PNG/, "image/png"],
  [/^\xff\xd8\xff/, "image/jpeg"],
  [/^RIFF[^]{4}WEBP/, "image/webp"],
  [/^(II\*\0|MM\0\*)/, "image/tiff"],
  [/^GIF8/, "image/gif"],
  [/^[^]{4}ftypavi[fs]/, "image/avif"],
  [/^BM/, "image/bmp"],
  [/^P[1-7]\s/, "image/x-portable-anymap"],
];

/** SHA-256 of the bytes of an image as they were given, in hexadecimal. */
export function digestOf(image: GivenImage): string {
  return createHash("sha256").update(bytesOf(image)).digest("hex");
}

/** The image as a file: an encoded one as it is, raw pixels as PAM. A Bayer pattern stays one, as a grey image. */
export function imageFileOf(image: GivenImage): ImageFile {
  if (!isRaw(image)) {
    const bytes = bytesOf(image);
    const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 12)).toString("latin1");
    const type = signatures.find(([signature]) => signature.test(start))?.[1] ?? "application/octet-stream";
    return { type, bytes };
  }
  return { type: "image/x-portable-anymap", bytes: toPam(image) };
}

const tupleTypes: Record<number, string> = { 1: "GRAYSCALE", 3: "RGB", 4: "RGB_ALPHA" };

function toPam(image: RawImage): Buffer {
  const { data, width, height } = image;
  const channels = image.channels ?? data.length / (width * height);
  const wide = data instanceof Uint16Array;
  const size = wide ? 2 : 1;
  const depth = wide ? (image.depth ?? 16) : 8;
  const stride = (image.stride ?? width * channels * size) / size;
  const header = Buffer.from(
    `P7\nWIDTH ${width}\nHEIGHT ${height}\nDEPTH ${channels}\nMAXVAL ${2 ** depth - 1}\n` +
      `TUPLTYPE ${tupleTypes[channels]}\nENDHDR\n`,
  );
  const file = Buffer.alloc(header.length + width * height * channels * size);
  header.copy(file);
  const isBgr = image.order === "bgr";
  let at = header.length;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width * channels; x++) {
      const channel = x % channels;
      const from = isBgr && channel < 3 ? x - channel + (2 - channel) : x;
      const value = data[y * stride + from]!;
      at = wide ? file.writeUInt16BE(value, at) : file.writeUInt8(value, at);
    }
  return file;
}

function isRaw(image: GivenImage): image is RawImage {
  return "width" in image;
}

function bytesOf(image: GivenImage): Uint8Array {
  const data = isRaw(image) ? image.data : image;
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
