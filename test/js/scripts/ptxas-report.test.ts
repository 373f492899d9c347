import test from "ava";
import { readPtxasReport } from "../../../scripts/ptxas-report.mjs";

const report = `ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function '_Z5firstv' for 'sm_80'
ptxas info    : Function properties for _Z5firstv
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 52 registers, used 1 barriers, 24576 bytes smem, 696 bytes cmem[0]
ptxas info    : Compile time = 157.930 ms
ptxas info    : Compiling entry function '_Z6secondv' for 'sm_90'
ptxas info    : Function properties for _Z6secondv
    192 bytes stack frame, 114 bytes spill stores, 484 bytes spill loads
ptxas info    : Used 128 registers, used 0 barriers
`;

test("the report of ptxas gives registers, shared memory and spills of each kernel", (t) => {
  t.deepEqual(readPtxasReport(report), [
    { name: "_Z5firstv", architecture: "sm_80", registers: 52, sharedBytes: 24576, spilledBytes: 0 },
    { name: "_Z6secondv", architecture: "sm_90", registers: 128, sharedBytes: 0, spilledBytes: 598 },
  ]);
});

test("a report without kernels gives none, and one that is cut short is an error", (t) => {
  t.deepEqual(readPtxasReport("ptxas info    : 0 bytes gmem\n"), []);
  t.throws(() => readPtxasReport(report.slice(0, 120)), { message: /unknown form/ });
});
