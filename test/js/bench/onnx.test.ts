import test from "ava";
import type { OnnxResult } from "../../../bench/onnx/results.js";
import { formatTable } from "../../../bench/onnx/table.js";

const result: OnnxResult = {
  backbone: "resnet18",
  bytes: {
    bundle: 63_100_000,
    bundleFloat16: 3e7,
    bundleWithoutTeacher: 5e7,
    onnx: 6.3e7,
    onnxFloat16: 3.15e7,
  },
  milliseconds: null,
  environment: {} as OnnxResult["environment"],
};
const spread = { median: 40.04, low: 38, high: 51.26 };

test("the table has sizes, and has times only if every result has them", (t) => {
  const timed = { ...result, milliseconds: { detector: spread, onnx: spread, onnxFloat16: spread } };
  t.regex(formatTable([result]), /^\| resnet18 \| 63\.1 \| 30\.0 \| 50\.0 \| 63\.0 \| 31\.5 \|$/m);
  t.regex(formatTable([result]), /Times were not measured/);
  t.regex(formatTable([timed]), /^\| resnet18 .*\| 31\.5 \| 40\.0 \(38\.0 to 51\.3\) \| 40\.0 /m);
  t.regex(formatTable([timed]), /Detector, ms \| ONNX Runtime, ms/);
  t.notRegex(formatTable([timed, result]), /ms/);
});
