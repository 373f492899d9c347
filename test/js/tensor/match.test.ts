import test from "ava";
import { compareTensors, describeDifference } from "../../../lib/tensor/match.js";
import type { NamedTensor, TensorDtype } from "../../../lib/tensor/named-tensor.js";

const expected: NamedTensor[] = [
  { name: "conv.weight", dtype: "F32", shape: [2], data: new Uint8Array(8) },
  { name: "bn.num_batches_tracked", dtype: "I64", shape: [], data: new Uint8Array(8) },
];

const stored = (dtype: TensorDtype | "BOOL" | "C64") =>
  new Map([
    ["conv.weight", { shape: [2], dtype }],
    ["bn.num_batches_tracked", { shape: [], dtype: "I64" }],
  ]);

test("weights of floating-point numbers fit, in any precision", (t) => {
  for (const dtype of ["F64", "F32", "F16", "BF16"] as const)
    t.is(describeDifference(compareTensors(expected, stored(dtype))), undefined);
});

test("integers, truth values and complex numbers are no weights", (t) => {
  for (const dtype of ["I64", "I32", "U8", "BOOL", "C64"] as const)
    t.is(
      describeDifference(compareTensors(expected, stored(dtype))),
      `has no floating-point numbers in conv.weight (${dtype})`,
    );
});
