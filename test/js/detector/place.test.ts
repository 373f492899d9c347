import test from "ava";
import { resolvePlace } from "../../../lib/detector/place.js";
import type { Addon, AddonInfo } from "../../../lib/native/addon.js";
import { trainingPrecisions } from "../../../lib/options/precision.js";

/** An addon on a machine that never was. */
const addonOn = (machine: Partial<AddonInfo>): Addon =>
  ({
    info: () => ({
      ...{ cudaDevices: 0, cpuRunsBfloat16: true, cpuHasBfloat16: true, cpuRunsInt8: true },
      ...machine,
    }),
  }) as unknown as Addon;

const withMultiplier = addonOn({});
const withoutMultiplier = addonOn({ cpuHasBfloat16: false });
const old = { cpuRunsBfloat16: false, cpuHasBfloat16: false, cpuRunsInt8: false };
const withoutBfloat16 = addonOn(old);
const withGpu = addonOn({ cudaDevices: 1, ...old });

test('the device "auto" is the first GPU, or the CPU if there is none', (t) => {
  t.is(resolvePlace(withMultiplier, "auto", "float32").device, "cpu");
  t.is(resolvePlace(withGpu, "auto", "float32").device, "cuda:0");
  t.is(resolvePlace(withGpu, "cpu", "float32").device, "cpu");
});

test('the precision "auto" is bfloat16 on a GPU and on a CPU that multiplies it, else float32', (t) => {
  t.is(resolvePlace(withMultiplier, "cpu", "auto").precision, "bfloat16");
  t.is(resolvePlace(withoutMultiplier, "cpu", "auto").precision, "float32");
  t.is(resolvePlace(withoutBfloat16, "cpu", "auto").precision, "float32");
  t.is(resolvePlace(withGpu, "auto", "auto").precision, "bfloat16");
});

test("bfloat16 is refused only on a CPU that cannot run it", (t) => {
  t.is(resolvePlace(withoutMultiplier, "cpu", "bfloat16").precision, "bfloat16");
  t.is(resolvePlace(withGpu, "cuda:0", "bfloat16").precision, "bfloat16");
  for (const addon of [withoutBfloat16, withGpu])
    t.throws(() => resolvePlace(addon, "cpu", "bfloat16"), {
      code: "INVALID_ARGUMENT",
      message:
        'precision must be "auto" or "float32" on this CPU; got "bfloat16", which needs a processor with ' +
        "AVX-512 (BW, VL and DQ) or AVX-NE-CONVERT.",
    });
});

test("a refusal names only what the work can have", (t) => {
  t.throws(() => resolvePlace(withMultiplier, "cpu", "tf32", trainingPrecisions), {
    message:
      'precision must be "auto", "float32" or "bfloat16" on this CPU; got "tf32", which works on GPUs only.',
  });
  const int8 = addonOn({ ...old, cpuRunsInt8: true });
  t.throws(() => resolvePlace(int8, "cpu", "bfloat16", trainingPrecisions), {
    message: /^precision must be "auto" or "float32" on this CPU; got "bfloat16"/,
  });
  t.throws(() => resolvePlace(int8, "cpu", "bfloat16"), {
    message: /^precision must be "auto", "float32" or "int8" on this CPU; got "bfloat16"/,
  });
});

test("tf32 and float16 are refused on the CPU", (t) => {
  for (const precision of ["tf32", "float16"] as const) {
    t.is(resolvePlace(withGpu, "auto", precision).precision, precision);
    t.throws(() => resolvePlace(withMultiplier, "auto", precision), {
      code: "INVALID_ARGUMENT",
      message:
        'precision must be "auto", "float32", "bfloat16" or "int8" on this CPU; ' +
        `got "${precision}", which works on GPUs only.`,
    });
    t.throws(() => resolvePlace(withoutBfloat16, "auto", precision), {
      message: /must be "auto" or "float32" on/,
    });
  }
});

test("int8 is refused on GPUs, and on a CPU without oneDNN", (t) => {
  t.is(resolvePlace(withMultiplier, "cpu", "int8").precision, "int8");
  t.throws(() => resolvePlace(withGpu, "auto", "int8"), {
    code: "INVALID_ARGUMENT",
    message:
      'precision must be "auto", "float32", "tf32", "bfloat16" or "float16" on GPUs; got "int8", which works on CPUs only.',
  });
  t.throws(() => resolvePlace(withoutBfloat16, "cpu", "int8"), {
    message:
      'precision must be "auto" or "float32" on this CPU; got "int8", which needs a LibTorch with oneDNN.',
  });
});
