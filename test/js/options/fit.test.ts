import test from "ava";
import { describe } from "../../../bench/parity/inputs.js";
import { readModelDescription } from "../../../lib/model-file/description.js";
import { describeModel } from "../../../lib/model-file/metadata.js";

const model = describe("resnet18", "paper");

test("a stretching model is described as before the option, in files of every version", (t) => {
  const text = describeModel(model);
  t.false(text.includes("fit"));
  for (const version of [1, 2, 3, 4, 5]) t.deepEqual(readModelDescription(JSON.parse(text), version), model);
});

test("a description says whether images are padded or cropped, and older versions refuse it", (t) => {
  for (const fit of ["pad", "crop"] as const) {
    const text = describeModel({ ...model, fit });
    t.deepEqual(readModelDescription(JSON.parse(text), 5), { ...model, fit });
    t.throws(() => readModelDescription(JSON.parse(text), 4), { message: /unknown key "fit"/ });
  }
});
