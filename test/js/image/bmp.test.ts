import test from "ava";
import { decodeSamples } from "../../../lib/image/decode-samples.js";
import { rejects } from "../support/rejection.js";
import { writeBmp, type BmpFields } from "./bmp-files.js";
import { refusesMutations } from "./mutations.js";

const [width, height] = [13, 7];
const at = (x: number, y: number) => y * width + x;
/** For each place of the picture, from the top left. */
const everywhere = <T>(value: (place: number, x: number, y: number) => T): T[] =>
  Array.from({ length: width * height }, (_, i) => value(i, i % width, Math.floor(i / width)));
const rowsOf = <T>(values: readonly T[]): T[][] =>
  Array.from({ length: height }, (_, y) => values.slice(at(0, y), at(0, y + 1)));

/** Indices that are packed into bytes, upper bits first. */
function pack(row: readonly number[], bits: number): Buffer {
  const text = row.map((value) => value.toString(2).padStart(bits, "0")).join("");
  return Buffer.from((text.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2)));
}

async function decoded(fields: BmpFields, name = "a.bmp") {
  const { data, channels, depth, ...size } = await decodeSamples(writeBmp(fields), name);
  return { values: [...data], channels, depth, size: [size.width, size.height] };
}

const colourOf = (index: number) => [(index * 37) % 256, (index * 91) % 256, 255 - (index % 256)];

for (const bits of [1, 2, 4, 8]) {
  const indices = everywhere((place) => (place * 5 + (place >> 3)) % 2 ** bits);
  const palette = Array.from({ length: 2 ** bits }, (_, index) => colourOf(index));
  const rows = rowsOf(indices).map((row) => pack(row, bits));
  const expected = indices.flatMap(colourOf);

  test(`${bits} bits per pixel give the colours of their palette, in every header and order of rows`, async (t) => {
    for (const size of [12, 16, 40, 52, 56, 64, 108, 124]) {
      const {
        values,
        channels,
        depth,
        size: extent,
      } = await decoded({ width, height, bits, rows, palette, size });
      t.deepEqual(values, expected, `header of ${size}`);
      t.deepEqual([channels, depth, ...extent], [3, 8, width, height]);
    }
    const fields = { width, height, bits, rows, palette };
    t.deepEqual((await decoded({ ...fields, topDown: true })).values, expected);
    t.deepEqual((await decoded({ ...fields, gap: 6 })).values, expected);
    t.deepEqual((await decoded({ ...fields, file: false }, "a.dib")).values, expected);
    t.deepEqual((await decoded({ ...fields, colours: 2 ** bits })).values, expected);
  });

  test(`a grey palette of ${bits} bits gives one channel`, async (t) => {
    const grey = palette.map(([, level]) => [level!, level!, level!]);
    const { values, channels } = await decoded({ width, height, bits, rows, palette: grey });
    t.is(channels, 1);
    t.deepEqual(
      values,
      indices.map((index) => grey[index]![0]),
    );
  });
}

test("an index that the palette does not reach is refused", async (t) => {
  const rows = rowsOf(everywhere((place) => place % 4)).map((row) => pack(row, 8));
  const fields = { width, height, bits: 8, rows, palette: [0, 1, 2].map(colourOf), colours: 3 };
  await rejects(t, decoded(fields), "INVALID_IMAGE", /^a\.bmp is damaged: it uses colour 3 of 3/);
});

const colours = everywhere((place, x, y) => [x * 19, y * 36, (place * 3) % 256]);
const expected = colours.flat();

test("24 and 32 bits are blue, green and red, and what comes fourth does not count", async (t) => {
  const rows24 = rowsOf(colours).map((row) => Buffer.from(row.flatMap(([r, g, b]) => [b!, g!, r!])));
  const rows32 = rowsOf(colours).map((row) => Buffer.from(row.flatMap(([r, g, b]) => [b!, g!, r!, 77])));
  for (const topDown of [false, true]) {
    t.deepEqual((await decoded({ width, height, bits: 24, rows: rows24, topDown })).values, expected);
    t.deepEqual(
      (await decoded({ width, height, bits: 32, rows: rows32, topDown, size: 124 })).values,
      expected,
    );
  }
  t.deepEqual((await decoded({ width, height, bits: 24, rows: rows24, size: 12 })).values, expected);
  const masks = [0xff0000, 0xff00, 0xff];
  t.deepEqual(
    (await decoded({ width, height, bits: 24, rows: rows24, compression: 3, masks })).values,
    expected,
  );
});

/** As PIL expands fewer bits to 8: rounded down. */
const expand = (value: number, largest: number) => Math.floor((value * 255) / largest);

const layouts: [bits: number, masks: number[] | undefined][] = [
  [16, undefined],
  [16, [0x7c00, 0x3e0, 0x1f]],
  [16, [0xf800, 0x7e0, 0x1f]],
  [16, [0xf00, 0xf0, 0xf]],
  [32, [0xff0000, 0xff00, 0xff]],
  [32, [0xff000000, 0xff0000, 0xff00]],
  [32, [0xff000000, 0xff00, 0xff]],
  [32, [0xff, 0xff00, 0xff0000]],
];
for (const [bits, masks] of layouts) {
  const title = masks ? masks.map((mask) => mask.toString(16)).join(", ") : "none";
  test(`${bits} bits with the fields ${title} give their colours, rounded down as by PIL`, async (t) => {
    const given = masks ?? [0x7c00, 0x3e0, 0x1f];
    const shifts = given.map((mask) => 31 - Math.clz32(mask & -mask));
    const largest = given.map((mask, i) => mask / 2 ** shifts[i]!);
    const stored = colours.map((colour) => colour.map((level, i) => Math.round((level * largest[i]!) / 255)));
    const rows = rowsOf(stored).map((row) => {
      const bytes = Buffer.alloc((row.length * bits) / 8);
      row.forEach((colour, x) => {
        const value = colour.reduce((sum, level, i) => sum + level * 2 ** shifts[i]!, 0);
        bytes.writeUIntLE(value, (x * bits) / 8, bits / 8);
      });
      return bytes;
    });
    const levels = stored.flatMap((colour) => colour.map((level, i) => expand(level, largest[i]!)));
    for (const size of masks ? [40, 108, 124] : [40]) {
      const fields = { width, height, bits, rows, size, ...(masks && { compression: 3, masks }) };
      t.deepEqual((await decoded(fields)).values, levels);
    }
  });
}

/** The runs of one row, and the end of the line. */
type Run = number[];
const [endOfLine, endOfPicture] = [
  [0, 0],
  [0, 1],
];

test("run lengths give their runs, literals, jumps and early ends of lines", async (t) => {
  const palette = Array.from({ length: 256 }, (_, index) => colourOf(index));
  const file = (bits: number, runs: Run[]) =>
    decoded({
      width: 6,
      height: 3,
      bits,
      rows: Buffer.from(runs.flat()),
      palette: palette.slice(0, 2 ** bits),
      compression: bits === 8 ? 1 : 2,
    });
  // The last row of the picture comes first.
  const eight = await file(8, [
    [6, 9],
    endOfLine,
    [0, 3, 1, 2, 3, 0],
    [0, 2, 2, 0],
    [1, 4],
    endOfLine,
    [2, 200],
    endOfLine,
    endOfPicture,
  ]);
  t.deepEqual(eight.values, [200, 200, 0, 0, 0, 0, 1, 2, 3, 0, 0, 4, 9, 9, 9, 9, 9, 9].flatMap(colourOf));
  const four = await file(4, [
    [6, 0x12],
    endOfLine,
    [0, 5, 0x34, 0x56, 0x70, 0],
    [1, 0x80],
    endOfLine,
    [9, 0xab],
    endOfPicture,
  ]);
  t.deepEqual(four.values, [10, 11, 10, 11, 10, 11, 3, 4, 5, 6, 7, 8, 1, 2, 1, 2, 1, 2].flatMap(colourOf));
  const jump = await file(8, [[1, 5], [0, 2, 1, 2], [4, 6], endOfPicture]);
  t.deepEqual(jump.values, [0, 0, 6, 6, 6, 6, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0].flatMap(colourOf));

  const refuses = (runs: Run[], message: RegExp) => rejects(t, file(8, runs), "INVALID_IMAGE", message);
  await refuses([[6, 9], endOfLine, endOfPicture], /is cut short: its pixels end in row 2 of 3/);
  await refuses([[6, 9], endOfLine, [3, 1]], /is cut short: byte/);
  await refuses([[0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0]], /its run lengths exceed the picture/);
  await refuses([[0, 2, 0, 3]], /its run lengths exceed the picture/);
  await refuses([[0, 2, 7, 0]], /its run lengths exceed the picture/);
});

const grey: BmpFields = {
  width,
  height,
  bits: 8,
  colours: 2,
  palette: [
    [0, 0, 0],
    [255, 255, 255],
  ],
  rows: rowsOf(everywhere((place) => place % 2)).map((row) => pack(row, 8)),
};

test("a bitmap that is cut short is refused, but for the padding of its last row", async (t) => {
  const file = writeBmp(grey);
  const whole = await decodeSamples(file, "a.bmp");
  t.deepEqual(await decodeSamples(file.subarray(0, -3), "a.bmp"), whole);
  for (const length of [-4, -200, 60, 54, 30, 20, 18].map((end) => (end < 0 ? file.length + end : end))) {
    await rejects(t, decodeSamples(file.subarray(0, length), "a.bmp"), "INVALID_IMAGE", /it is cut short/);
  }
});

const refused: [title: string, fields: Partial<BmpFields>, message: RegExp][] = [
  ["an embedded JPEG", { compression: 4, bits: 24 }, /the compression JPEG, which is not supported/],
  ["an embedded PNG", { compression: 5, bits: 24 }, /the compression PNG/],
  ["OS/2's Huffman codes", { compression: 3, bits: 1, size: 64 }, /the compression number 3 at 1 bits/],
  ["run lengths of the wrong depth", { compression: 1, bits: 4 }, /the compression number 1 at 4 bits/],
  ["64 bits per pixel", { bits: 64 }, /a BMP of 64 bits per pixel; 1, 2, 4, 8, 16, 24 and 32 are supported/],
  [
    "fields of 10 bits",
    { bits: 32, compression: 3, masks: [0x3ff00000, 0xffc00, 0x3ff] },
    /bit fields 0x3ff00000, 0xffc00, 0x3ff/,
  ],
  ["fields with gaps", { bits: 16, compression: 3, masks: [0xf000, 0x0505, 0xa] }, /bit fields/],
  ["a field of no bits", { bits: 16, compression: 3, masks: [0xf000, 0, 0xf] }, /bit fields/],
  ["no width", { width: 0 }, /its size is 0 x 7/],
  [
    "more pixels than memory",
    { width: 100_000, height: 50_000, bits: 24 },
    /100000 x 50000 pixels, which take 14\.0 GiB/,
  ],
];
for (const [title, fields, message] of refused) {
  test(`a bitmap with ${title} is refused`, async (t) => {
    const file = writeBmp({ ...grey, palette: [], rows: Buffer.alloc(2000), ...fields });
    await rejects(t, decodeSamples(file, "a.bmp", { maxPixels: Infinity }), "INVALID_IMAGE", message);
  });
}

test("a bitmap with any bytes changed is decoded or refused, and takes no more memory than it states", async (t) => {
  const palette = Array.from({ length: 16 }, (_, index) => colourOf(index));
  const runs = Buffer.from([6, 0x12, 0, 0, 0, 5, 0x34, 0x56, 0x70, 0, 1, 0x80, 0, 0, 2, 2, 6, 0xab, 0, 1]);
  await refusesMutations(t, [
    writeBmp(grey),
    writeBmp({ width: 6, height: 3, bits: 4, rows: runs, palette, compression: 2 }),
    writeBmp({
      width: 4,
      height: 4,
      bits: 16,
      rows: Buffer.alloc(32, 0x5a),
      compression: 3,
      masks: [0xf800, 0x7e0, 0x1f],
    }),
    writeBmp({ width: 4, height: 4, bits: 24, rows: Buffer.alloc(48, 0x5a), file: false }),
  ]);
});
