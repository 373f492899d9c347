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
  times: null,
  environment: {
    cpu: "A processor",
    cpuCapability: "AVX2",
    cores: 2,
    date: "2026-11-27",
  } as OnnxResult["environment"],
};
const spread = (median: number) => ({ median, low: median - 2, high: median + 11.22 });

test("the table has the sizes of all results, and the times of those that have them", (t) => {
  const milliseconds = { float32: spread(40.04), int8: spread(20), onnxruntime: spread(50) };
  const timed = { ...result, times: [{ batch: 8, threads: 2, milliseconds }] };
  t.regex(formatTable([result]), /^\| resnet18 \| 63\.1 \| 30\.0 \| 50\.0 \| 63\.0 \| 31\.5 \|$/m);
  t.regex(formatTable([result]), /Times were not measured/);
  t.regex(
    formatTable([timed, result]),
    /^\| resnet18 \| 8 \| 2 \| 40\.0 \(38\.0 to 51\.3\), 1\.25 x \| {2}\| 20\.0 \(18\.0 to 31\.2\), 2\.50 x \| 50\.0 \(48\.0 to 61\.2\) \|$/m,
  );
  t.notRegex(formatTable([timed]), /Times were not measured/);
});
