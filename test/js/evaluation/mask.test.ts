import { readFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import sharp from "sharp";
import type { ErrorCode } from "../../../lib/errors/error.js";
import { readMask } from "../../../lib/evaluation/mask.js";
import { writePicture } from "../support/dataset-fixtures.js";
import { longestTurn } from "../support/longest-turn.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const golden = JSON.parse(readFileSync(new URL("../golden/nearest.json", import.meta.url), "utf8")) as {
  source: number;
  length: number;
  indices: number[];
}[];

for (const { source, length, indices } of golden) {
  test(`masks are resized as PIL's nearest neighbour does: ${source} to ${length}`, async (t) => {
    const folder = await temporaryFolder(t);
    // Which of the source's pixels was taken shows bit by bit, one mask for each bit of its index.
    const taken = new Array<number>(length).fill(0);
    for (let bit = 0; 2 ** bit < source; bit++) {
      const row = Array.from({ length: source }, (_, i) => ((i >> bit) & 1 ? "#" : ".")).join("");
      await writePicture(join(folder, "across.png"), [row]);
      await writePicture(join(folder, "down.png"), Array.from(row));
      const across = await readMask(join(folder, "across.png"), 1, length);
      t.deepEqual(await readMask(join(folder, "down.png"), length, 1), across);
      across.forEach((value, i) => (taken[i]! += value * 2 ** bit));
    }
    t.deepEqual(taken, indices);
  });
}

test("whatever is not 0 is anomalous, in 8 and 16 bits, grey and colour, with and without alpha", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "mask.png");
  const pixel = async (
    data: Uint8Array | Uint16Array,
    channels: 1 | 2 | 3 | 4,
    space: string,
  ): Promise<number[]> => {
    const width = data.length / channels;
    await sharp(data, { raw: { width, height: 1, channels } })
      .toColourspace(space)
      .png()
      .toFile(path);
    return [...(await readMask(path, 1, width))];
  };
  t.deepEqual(await pixel(Uint8Array.of(0, 1, 127, 255), 1, "b-w"), [0, 1, 1, 1]);
  t.deepEqual(await pixel(Uint16Array.of(0, 1, 255, 65535), 1, "grey16"), [0, 1, 1, 1]);
  t.deepEqual(await pixel(Uint8Array.of(0, 0, 0, 0, 0, 1, 9, 0, 0), 3, "srgb"), [0, 1, 1]);
  t.deepEqual(await pixel(Uint8Array.of(0, 0, 0, 255, 0, 7, 0, 0), 4, "srgb"), [0, 1]);
  await writePicture(path, [".#", "#."], 1);
  t.deepEqual([...(await readMask(path, 2, 2))], [0, 1, 1, 0]);
  await sharp(await readFile(path))
    .png({ palette: true })
    .toFile(join(folder, "palette.png"));
  t.deepEqual([...(await readMask(join(folder, "palette.png"), 2, 2))], [0, 1, 1, 0]);
});

test("a JPEG's traces around an edge are not anomalous", async (t) => {
  const folder = await temporaryFolder(t);
  const rows = Array.from({ length: 32 }, (_, y) => (y < 13 ? "#" : ".").repeat(32));
  await writePicture(join(folder, "mask.jpg"), rows);
  const expected = Uint8Array.from(rows.join(""), (dot) => Number(dot === "#"));
  t.deepEqual(await readMask(join(folder, "mask.jpg"), 32, 32), expected);
});

test("masks that cannot be read are named", async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, "damaged.png"), "no picture");
  await writePicture(join(folder, "whole.png"), ["##", ".."]);
  await writeFile(join(folder, "empty.png"), "");
  await mkdir(join(folder, "folder.png"));
  const fails = async (name: string, code: ErrorCode, message: RegExp, size = 2): Promise<void> => {
    const reading = readMask(join(folder, name), size, 2);
    await rejects(t, reading, code, message);
  };
  await fails("damaged.png", "INVALID_IMAGE", /The mask .*damaged\.png is not in a known image format/);
  await fails("empty.png", "INVALID_IMAGE", /The mask .*empty\.png is empty/);
  await fails("missing.png", "NOT_FOUND", /Reading failed: .*missing\.png/);
  await fails("folder.png", "IO", /folder\.png/);
  await fails("whole.png", "INVALID_ARGUMENT", /height must be/, 0);
});

test.serial(
  "a mask of many pixels is read in turns with everything else, whatever its channels",
  async (t) => {
    const folder = await temporaryFolder(t);
    const side = 2000;
    for (const [channels, name] of [
      [1, "grey"],
      [2, "grey and alpha"],
      [3, "RGB"],
    ] as const) {
      const pixels = Uint8Array.from(
        { length: side * side * channels },
        (_, i) => Number(i < side * channels * 100) * 255,
      );
      const path = join(folder, `${name}.png`);
      await sharp(pixels, { raw: { width: side, height: side, channels } })
        .png()
        .toFile(path);
      let marked = 0;
      const longest = await longestTurn(async () => {
        marked = (await readMask(path, 200, 200)).reduce((sum, value) => sum + value, 0);
      });
      t.is(marked, 200 * 10, name);
      t.true(longest < 50, `${name}: ${longest} ms`);
    }
  },
);
