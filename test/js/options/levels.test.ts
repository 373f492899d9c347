import test from "ava";
import { levels, storedLevels, trainingLevels } from "../../../lib/options/levels.js";
import { modelOptions } from "../../../lib/options/model.js";
import { neededVersion, readStored } from "../../../lib/options/option.js";

test("levels are read from the command line", (t) => {
  const read = (text: string) => trainingLevels.check("levels", trainingLevels.parse!(text));
  t.is(read("auto"), "auto");
  t.is(read("full"), undefined);
  t.deepEqual(read("12"), { black: 0, white: 4095 });
  t.deepEqual(read("64-3900"), { black: 64, white: 3900 });
  t.throws(() => read("12 bits"), { message: /not a number/ });
  t.throws(() => read("1-2-3"), { message: /^Give auto, full, a depth/ });
  t.throws(() => read("9-8"), { message: /^levels\.white must be a whole number from 10 to 65535; got 8/ });
});

test("levels without training images cannot be auto", (t) => {
  t.throws(() => levels.check("levels", "auto"), { message: /^levels must be "full", \{ depth \} or/ });
});

test("levels survive being written as texts, and full ones are not written", (t) => {
  const texts = new Map(Object.entries(storedLevels.entries("levels", { black: 64, white: 3900 })));
  t.deepEqual(
    storedLevels.fromEntries("levels", (key) => texts.get(key)),
    { black: 64, white: 3900 },
  );
  t.deepEqual(storedLevels.entries("levels", undefined), {});
  t.is(
    storedLevels.fromEntries("levels", () => undefined),
    undefined,
  );
});

test("only a model with levels needs version 3 of the format", (t) => {
  const model = {
    backbone: "resnet18",
    layout: "paper",
    layers: [1, 2, 3],
    combine: "sum",
    sigma: 4,
    imageSize: [64, 64],
    normalisation: "imagenet",
    fit: "stretch",
  };
  const range = { black: 0, white: 4095 };
  t.true(neededVersion(modelOptions, model) < 3);
  t.is(neededVersion(modelOptions, { ...model, levels: range }), 3);
  t.false("levels" in readStored(modelOptions, model, 3));
  t.deepEqual(readStored(modelOptions, { ...model, levels: range }, 3).levels, range);
  t.false("levels" in readStored(modelOptions, { ...model, levels: range }, 2));
  t.throws(() => readStored(modelOptions, { ...model, levels: "full" }, 3), { message: /^levels must be/ });
});
