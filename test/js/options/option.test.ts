import test from "ava";
import { choice, positiveNumber, wholeNumber } from "../../../lib/options/kind.js";
import { modelOptions, type ModelDescription } from "../../../lib/options/model.js";
import {
  newestVersion,
  option,
  optional,
  readEntries,
  readStored,
  required,
  resolveOptions,
  storedNames,
  toEntries,
} from "../../../lib/options/option.js";

const declarations = {
  speed: option(choice(["slow", "fast"]), { default: "slow" }),
  dropOut: option(positiveNumber(1), { default: 0.5, since: 3 }),
};

test("an option that came with a newer version of the format is its default in older files", (t) => {
  t.deepEqual(storedNames(declarations, 2), ["speed"]);
  t.deepEqual(readStored(declarations, { speed: "fast" }, 2), { speed: "fast", dropOut: 0.5 });
  t.deepEqual(readStored(declarations, { speed: "fast", dropOut: 0.1 }, 3), { speed: "fast", dropOut: 0.1 });
  t.is(newestVersion(declarations), 3);
});

test("a newer option that a file lacks is its default, and an older one is an error, as is one that is not allowed", (t) => {
  const read = (value: Record<string, unknown>) => () => readStored(declarations, value, 3);
  t.deepEqual(read({ speed: "fast" })(), { speed: "fast", dropOut: 0.5 });
  t.throws(read({ dropOut: 0.1 }), { code: "INVALID_ARGUMENT", message: /^speed must be .*; got undefined/ });
  t.throws(read({ speed: "idle", dropOut: 0.1 }), { code: "INVALID_ARGUMENT", message: /^speed must be/ });
});

test("a required option must be given, and an optional one may be left out", (t) => {
  const mixed = { count: required(wholeNumber(1, 9)), limit: optional(wholeNumber(1, 9)) };
  t.deepEqual(resolveOptions(mixed, { count: 2 }), { count: 2, limit: undefined });
  t.throws(() => resolveOptions(mixed, {}), {
    message: "count must be a whole number from 1 to 9; got undefined.",
  });
});

test("options survive being written as texts, and missing texts are named", (t) => {
  const model: ModelDescription = {
    backbone: "resnet50",
    layout: "official",
    layers: [1, 3],
    combine: "product",
    sigma: 2.5,
    imageSize: [64, 96],
    normalisation: "none",
    fit: "stretch",
  };
  const entries = toEntries(modelOptions, model);
  t.deepEqual(entries, {
    backbone: "resnet50",
    layout: "official",
    layers: "1,3",
    combine: "product",
    sigma: "2.5",
    height: "64",
    width: "96",
    normalisation: "none",
    fit: "stretch",
  });
  t.deepEqual(readEntries(modelOptions, new Map(Object.entries(entries))), model);
  const others = new Map(Object.entries(entries));
  others.delete("sigma");
  t.throws(() => readEntries(modelOptions, others), { message: /^sigma must be/ });
});
