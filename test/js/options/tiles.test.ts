import test from "ava";
import { describe } from "../../../bench/parity/inputs.js";
import { readModelDescription } from "../../../lib/model-file/description.js";
import { describeModel } from "../../../lib/model-file/metadata.js";
import { readEntries, toEntries } from "../../../lib/options/option.js";
import { modelOptions } from "../../../lib/options/model.js";
import { tiles } from "../../../lib/options/tiles.js";
import { resolveTrainOptions } from "../../../lib/options/train.js";

const model = describe("resnet18", "paper");

test("a size stands for a square that overlaps by a quarter", (t) => {
  t.deepEqual(tiles.check("tiles", { size: 512 }), { size: [512, 512], overlap: 128 });
  t.deepEqual(tiles.check("tiles", { size: [256, 130] }), { size: [256, 130], overlap: 32 });
  t.deepEqual(tiles.check("tiles", { size: 32, overlap: 0 }), { size: [32, 32], overlap: 0 });
});

const refused: [given: unknown, message: RegExp][] = [
  [{ size: 31 }, /^tiles\.size must be a whole number from 32 to 16384; got 31\.$/],
  [{ size: [64, 16] }, /^tiles\.size must be a whole number from 32/],
  [{ size: [64, 64, 3] }, /^tiles\.size must be one side, or two as \[height, width\]; got/],
  [{ size: 64, overlap: 64 }, /^tiles\.overlap must be a whole number from 0 to 63; got 64\.$/],
  [{ size: [64, 128], overlap: 64 }, /^tiles\.overlap must be a whole number from 0 to 63/],
  [{ size: 64, overlap: NaN }, /^tiles\.overlap must be a whole number/],
  [{ size: 64.5 }, /^tiles\.size must be a whole number/],
  [{}, /^tiles\.size must be a whole number/],
  [{ size: 64, step: 8 }, /^tiles has an unknown key "step"/],
  [64, /^tiles must be an object; got 64\.$/],
  [null, /^tiles must be an object; got null\.$/],
];

for (const [given, message] of refused) {
  test(`refuses tiles ${JSON.stringify(given)}`, (t) => {
    t.throws(() => tiles.check("tiles", given), { code: "INVALID_ARGUMENT", message });
  });
}

test("the command line takes a size, two sides, and an overlap", (t) => {
  const parsed = (text: string) => tiles.check("tiles", tiles.parse!(text));
  t.deepEqual(parsed("512"), { size: [512, 512], overlap: 128 });
  t.deepEqual(parsed("256x512"), { size: [256, 512], overlap: 64 });
  t.deepEqual(parsed("256x512/20"), { size: [256, 512], overlap: 20 });
  for (const text of ["", "a", "1x2x3", "512/1/2", "512/"]) t.throws(() => tiles.parse!(text));
});

test("tiles keep proportions themselves, so they go with stretching only", (t) => {
  t.notThrows(() => resolveTrainOptions({ tiles: { size: 64 } }));
  for (const fit of ["pad", "crop"] as const) {
    t.throws(() => resolveTrainOptions({ tiles: { size: 64 }, fit }), {
      code: "INVALID_ARGUMENT",
      message: /^fit must be "stretch" with tiles/,
    });
  }
});

test("a description without tiles is as before, and one with tiles is refused by older versions", (t) => {
  t.false(describeModel(model).includes("tiles"));
  const tiled = { ...model, tiles: { size: [512, 256] as [number, number], overlap: 64 } };
  const text = describeModel(tiled);
  t.deepEqual(readModelDescription(JSON.parse(text), 6), tiled);
  t.throws(() => readModelDescription(JSON.parse(text), 5), { message: /unknown key "tiles"/ });
  t.throws(() => readModelDescription({ ...tiled, fit: "pad" }, 6), { message: /^fit must be "stretch"/ });
  t.deepEqual(readEntries(modelOptions, new Map(Object.entries(toEntries(modelOptions, tiled)))), tiled);
});
