import test from "ava";
import { advise, type Diagnosis } from "../../../lib/doctor/diagnosis.js";
import { formatDiagnosis } from "../../../lib/doctor/format.js";
import { describeMachine, type Machine } from "../../../lib/doctor/machine.js";
import type { Binaries } from "../../../lib/native/binaries.js";

const gpu = { driver: "580.95.05", gpus: ["NVIDIA H100 80GB HBM3"], runsCuda13: true };
const cpuOnly: Binaries = {
  loader: "/p/reverse_distillation.node",
  implementations: [{ path: "/p/reverse_distillation-cpu-torch2.13.so", backend: "cpu", minor: "2.13" }],
};
const both: Binaries = {
  ...cpuOnly,
  implementations: [
    ...cpuOnly.implementations,
    { path: "/p/reverse_distillation-cuda-torch2.14.so", backend: "cuda", minor: "2.14" },
  ],
};

function advice(nvidia: Machine["nvidia"], binaries: Binaries, backend?: "cpu" | "cuda"): string[] {
  return advise({ nvidia }, binaries, backend, []);
}

test("if a GPU is idle because LibTorch is a CPU build, the advice is to install the CUDA build", (t) => {
  t.deepEqual(advice(gpu, both, "cpu"), [
    "The GPU is not used because LibTorch is a CPU build. " +
      "Run `npx reverse-distillation libtorch install --cuda` to install the CUDA build.",
  ]);
  t.deepEqual(advice(gpu, both, "cuda"), []);
  t.deepEqual(advice(gpu, cpuOnly, "cpu"), []);
});

test("if the driver is too old, the advice names the version that is needed", (t) => {
  for (const backend of ["cpu", "cuda"] as const)
    t.deepEqual(advice({ ...gpu, driver: "535.183.01", runsCuda13: false }, both, backend), [
      "The GPU is not used: its driver is version 535.183.01, but CUDA 13 needs 580 or later. Update the driver.",
    ]);
});

test("if a CUDA build of LibTorch is used without a driver, the advice is the smaller CPU build", (t) => {
  t.deepEqual(advice(null, both, "cuda"), [
    "No NVIDIA driver was found, so the CUDA build of LibTorch runs on the CPU. The CPU build needs a tenth of the " +
      "space: run `npx reverse-distillation libtorch install --cpu` to install it.",
  ]);
  t.deepEqual(advice(null, both, "cpu"), []);
});

test("if no LibTorch is compatible, the advice is the same as in the error", (t) => {
  t.deepEqual(advice(null, both), [
    "No compatible LibTorch was found. Run `npx reverse-distillation libtorch install` to install one, or set LIBTORCH " +
      "to the folder of the CPU build of LibTorch 2.13 or the CUDA build of LibTorch 2.14 (such as the Python package " +
      "torch).",
  ]);
});

test("the text shows the GPU, its driver, every LibTorch, both binaries and the chosen one", (t) => {
  const diagnosis: Diagnosis = {
    package: { version: "1.0.0", path: "/p", sharp: "0.35.5", vips: "8.18.0" },
    machine: { ...describeMachine(), nvidia: gpu },
    cache: "/c",
    environment: { LIBTORCH: "/torch" },
    loader: { path: both.loader },
    implementations: both.implementations.map((each) => ({ ...each })),
    libtorch: [
      { origin: "chosen", place: "/torch", state: "used", version: "2.14.1+cu130", backend: "cuda" },
      {
        origin: "cache",
        place: "/c/libtorch/2.13.0+cpu",
        state: "fits",
        version: "2.13.0+cpu",
        backend: "cpu",
      },
      {
        origin: "python",
        place: "/v/torch",
        state: "misfit",
        version: "2.12.0",
        reason: "LibTorch 2.12.0: too old",
      },
    ],
    chosen: { libtorch: "/torch", implementation: both.implementations[1]!.path, backend: "cuda" },
    selfTest: {
      ...({ ok: true, device: "cuda:0", libtorch: "2.14.1", cpuCapability: "AVX512" } as const),
      ...{ score: 1, milliseconds: 900 },
    },
    advice: [],
    healthy: true,
  };
  const lines = formatDiagnosis(diagnosis);
  for (const line of [
    "GPU          NVIDIA H100 80GB HBM3, driver 580.95.05",
    "environment  LIBTORCH=/torch",
    "LibTorch     chosen: /torch: 2.14.1+cu130, used: LIBTORCH or configureNative() names it",
    "             cache: /c/libtorch/2.13.0+cpu: 2.13.0+cpu, compatible, but another comes first",
    "             python: /v/torch: incompatible: LibTorch 2.12.0: too old",
    "binaries     /p/reverse_distillation-cpu-torch2.13.so",
    "             /p/reverse_distillation-cuda-torch2.14.so",
    "chosen       /p/reverse_distillation-cuda-torch2.14.so on /torch",
    "self-test    passed on cuda:0 in 900 ms (LibTorch 2.14.1, AVX512)",
  ])
    t.true(lines.includes(line), `${line}\nis not in\n${lines.join("\n")}`);
});
