import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "ava";
import { cpuFeatures } from "../../../lib/doctor/machine.js";
import { nvidiaDriver, runsCuda } from "../../../lib/native/nvidia.js";
import { temporaryFolder } from "../support/temporary-folder.js";

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

test("the driver's version is read from /proc for both kinds of kernel module", async (t) => {
  for (const [line, version] of [
    [
      "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024",
      "535.183.01",
    ],
    [
      "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (root@host)",
      "580.95.05",
    ],
  ] as const) {
    const root = await temporaryFolder(t);
    write(join(root, "proc/driver/nvidia/version"), `${line}\nGCC version:  gcc version 12.3.0\n`);
    write(
      join(root, "proc/driver/nvidia/gpus/0000:01:00.0/information"),
      "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ: 1\n",
    );
    t.deepEqual(nvidiaDriver(root), { version, gpus: ["NVIDIA H100 80GB HBM3"] });
  }
});

test("no driver is found on a machine without one, and in WSL one of unknown version", async (t) => {
  const root = await temporaryFolder(t);
  t.is(nvidiaDriver(root), undefined);
  write(join(root, "usr/lib/wsl/lib/libcuda.so.1"), "");
  t.deepEqual(nvidiaDriver(root), { version: undefined, gpus: [] });
});

test("CUDA 13 runs on drivers from 580", (t) => {
  const runs = (version?: string): boolean => runsCuda({ version, gpus: [] });
  t.deepEqual([runs("535.183.01"), runs("580.65.06"), runs("600.1"), runs()], [false, true, true, true]);
});

test("only the processor flags that affect speed are reported", (t) => {
  t.deepEqual(cpuFeatures("processor\t: 0\nflags\t\t: fpu sse4_2 avx avx2 hypervisor fma\n"), [
    "sse4_2",
    "fma",
    "avx",
    "avx2",
  ]);
  t.deepEqual(cpuFeatures("Features\t: fp asimd sve\n"), ["asimd", "sve"]);
  t.deepEqual(cpuFeatures(""), []);
});
