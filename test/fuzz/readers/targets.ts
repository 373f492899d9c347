import { rm, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { openManifest } from "../../../lib/evaluation/datasets/manifest.js";
import { decodeSamples } from "../../../lib/image/decode-samples.js";
import { sniffFormat } from "../../../lib/image/formats.js";
import { readExportDescription } from "../../../lib/onnx/read-metadata.js";
import { SafetensorsFile } from "../../../lib/safetensors/reader.js";
import { writeSafetensors } from "../../../lib/safetensors/writer.js";
import type { NamedTensor } from "../../../lib/tensor/named-tensor.js";
import { TorchFile } from "../../../lib/torch-file/reader.js";
import { isKind, type PickleValue, type TorchTensor } from "../../../lib/torch-file/values.js";
import { writeTorchFile } from "../../../lib/torch-file/writer.js";
import { writeBmp } from "../../js/image/bmp-files.js";

/** A reader of files, as the fuzz test calls it. */
export interface Target {
  /** Ends the name of the file that the input is written to, if the reader goes by it. */
  extension?: string;
  /** Inputs to start from, made by this package's own encoders where it has them. */
  seeds(scratch: string): Promise<Uint8Array[]>;
  /** Reads the input, which also lies at a path. It may throw a `ReverseDistillationError`. */
  read(input: Uint8Array, path: string): Promise<unknown>;
}

const tensors: NamedTensor[] = [
  { name: "conv1.weight", dtype: "F32", shape: [2, 3], data: new Uint8Array(24).fill(63) },
  { name: "bn1.num_batches_tracked", dtype: "I64", shape: [], data: new Uint8Array(8) },
  { name: "größe", dtype: "BF16", shape: [1, 0], data: new Uint8Array(0) },
];

/** The content of a file that something writes. */
async function written(scratch: string, write: (path: string) => Promise<void>): Promise<Uint8Array> {
  const path = join(scratch, "seed");
  await write(path);
  const content = await readFile(path);
  await rm(path);
  return content;
}

/** All tensors of a value, however deep they lie. */
function tensorsIn(value: PickleValue): TorchTensor[] {
  const found: TorchTensor[] = [];
  const seen = new Set<unknown>();
  const waiting: PickleValue[] = [value];
  for (let next = waiting.pop(); next !== undefined && found.length < 20; next = waiting.pop()) {
    if (typeof next === "object" && seen.has(next)) continue;
    seen.add(next);
    if (isKind(next, "tensor")) found.push(next);
    else if (Array.isArray(next)) waiting.push(...next);
    else if (next instanceof Map) waiting.push(...next.values());
  }
  return found;
}

const text = (...lines: string[]): Uint8Array => Buffer.from(lines.join("\n"));

const safetensors: Target = {
  seeds: async (scratch) => [
    await written(scratch, (path) => writeSafetensors(path, tensors, { format: "pt" })),
    await written(scratch, (path) => writeSafetensors(path, [], {})),
  ],
  async read(_, path) {
    const file = await SafetensorsFile.open(path);
    try {
      for (const entry of file.tensors.values()) await file.read(entry);
    } finally {
      await file.close();
    }
  },
};

const fixtures = new URL("../../js/fixtures/", import.meta.url);
const torch: Target = {
  async seeds(scratch) {
    const own = await written(scratch, (path) => writeTorchFile(path, { bn: tensors, decoder: [] }));
    // What PyTorch wrote: both forms, and a pickle with values of many kinds.
    const names = [
      "values.zip.pth",
      "state-dict.zip.pth",
      "state-dict.legacy.pth",
      "state-dict.legacy-protocol-4.pth",
    ];
    return [own, ...(await Promise.all(names.map((name) => readFile(new URL(name, fixtures)))))];
  },
  async read(_, path) {
    const file = await TorchFile.open(path);
    try {
      for (const [index, tensor] of tensorsIn(file.content).entries()) await file.read(String(index), tensor);
    } finally {
      await file.close();
    }
  },
};

const image: Target = {
  async seeds() {
    const pixels = Uint8Array.from({ length: 9 * 5 * 3 }, (_, i) => (i * 37) % 256);
    const picture = sharp(pixels, { raw: { width: 9, height: 5, channels: 3 } });
    const rows = (bytes: number): Uint8Array[] =>
      Array.from({ length: 5 }, () => new Uint8Array(bytes).fill(170));
    const tiffs = await Promise.all(
      (["none", "lzw", "deflate", "packbits"] as const).map((compression) =>
        picture.clone().tiff({ compression }).toBuffer(),
      ),
    );
    return [
      ...tiffs,
      await picture
        .clone()
        .tiff({ tile: true, tileWidth: 16, tileHeight: 16, compression: "none" })
        .toBuffer(),
      await picture.clone().png().toBuffer(),
      writeBmp({ width: 9, height: 5, bits: 24, rows: rows(27) }),
      writeBmp({
        width: 9,
        height: 5,
        bits: 1,
        rows: rows(2),
        palette: [
          [0, 0, 0],
          [255, 255, 255],
        ],
      }),
      writeBmp({
        width: 9,
        height: 5,
        bits: 16,
        rows: rows(18),
        compression: 3,
        masks: [0xf800, 0x7e0, 0x1f],
      }),
      // Runs: nine pixels of one colour, a line of single ones, a jump, the end.
      writeBmp({
        width: 9,
        height: 5,
        bits: 8,
        rows: Uint8Array.of(9, 1, 0, 0, 0, 3, 1, 2, 3, 0, 0, 2, 1, 1, 4, 2, 0, 1),
        palette: [
          [0, 0, 0],
          [9, 9, 9],
          [20, 20, 20],
          [255, 0, 0],
        ],
        compression: 1,
      }),
      text("P2", "# grey", "3 2", "15", "0 1 2", "3 4 15"),
      Buffer.concat([text("P6", "2 2", "255", ""), Buffer.alloc(12, 9)]),
      Buffer.concat([text("P5", "2 2", "4095", ""), Buffer.alloc(8, 1)]),
      Buffer.concat([text("P4", "9 2", ""), Buffer.alloc(4, 170)]),
      Buffer.concat([
        text("P7", "WIDTH 2", "HEIGHT 1", "DEPTH 4", "MAXVAL 255", "TUPLTYPE RGB_ALPHA", "ENDHDR", ""),
        Buffer.alloc(8, 7),
      ]),
    ];
  },
  async read(input) {
    // The decoders of other formats are libvips's, which has fuzz tests of its own.
    const name = sniffFormat(input)?.name;
    if (name === "PNG" || name === "BMP" || name === "PNM" || name === "TIFF")
      await decodeSamples(input, "The input", { alpha: true });
  },
};

const manifest = (extension: string, ...seeds: Uint8Array[]): Target => ({
  extension,
  seeds: () => Promise.resolve(seeds),
  read: (_, path) => openManifest(path, { training: false }),
});

const csv = manifest(
  ".csv",
  text(
    "image,label,mask,split,group",
    "a.png,good,,train,",
    '"b ""c"".png",scratch,m.png|n.png,test,part 7',
    "",
  ),
  text("\ufefffile;class", "a.png;1", "b.png;0"),
);
const json = manifest(
  ".jsonl",
  text('{"image":"a.png","label":"good"}', '{"image":"b.png","label":1,"mask":["m.png"],"split":"test"}'),
  text('[{"image":"a.png","label":false}]'),
  text(
    '{"source-ref":"s3://bucket/a.png","anomaly-label":1,"anomaly-label-metadata":{"class-name":"anomaly","type":"groundtruth/image-classification"}}',
  ),
);

const onnx: Target = {
  // A model's fields: the version of the format, the producer, a graph, and one entry of metadata.
  seeds: () =>
    Promise.resolve([
      Uint8Array.of(8, 9, 18, 2, 114, 100, 58, 4, 10, 2, 120, 121, 114, 6, 10, 1, 97, 18, 1, 98),
      Uint8Array.of(114, 20, 10, 6, ...Buffer.from("format"), 18, 10, ...Buffer.from("0123456789")),
    ]),
  read: (_, path) => readExportDescription(path),
};

/** The readers, by the names that the command line knows. */
export const targets: Readonly<Record<string, Target>> = { safetensors, torch, image, csv, json, onnx };

/** Writes the input to a file in the folder. @returns its path. */
export async function place(folder: string, { extension = "" }: Target, input: Uint8Array): Promise<string> {
  const path = join(folder, `input${extension}`);
  await writeFile(path, input);
  return path;
}
