import type { CoveredFile } from "./covered-file.js";

/** Below this share, a file needs a reason. */
const enough = 0.8;

/** Why little of a file, or of the files in a folder, is covered. */
export const reasons: Readonly<Record<string, string>> = {
  "lib/cli/doctor.ts": "runs in the tests of the installed package",
  "lib/cli/libtorch.ts": "runs in the tests of the installed package",
  "lib/cli/progress.ts": "bars are drawn on terminals only",
  "lib/doctor/diagnosis.ts": "runs in the tests of the installed package; in parts needs a GPU",
  "lib/native/binaries.ts": "runs in the tests of the installed package",
  "lib/tensor/float32-values.ts": "tensors that are no numbers are refused before",
  "native/binding/guard.cpp":
    "answers to defects and to threads that the tests make fail in processes that end",
  "native/binding/type_tag.h": "answers to objects of other classes, which the facade never passes",
  "native/core/device.cpp": "in parts needs a GPU",
  "native/core/device_streams.cpp": "needs a GPU",
  "native/core/device_streams.h": "needs a GPU",
  "native/core/error.cpp": "has codes that only defects and GPUs cause",
  "native/core/gpu_backend.cpp": "needs a GPU",
  "native/core/precision.cpp": "in parts needs a GPU",
  "native/core/recorded_work.cpp": "needs a GPU",
  "native/loader/loader.c":
    "refuses libraries that do not fit, which the facade finds out before in a process of its own",
  "native/pipeline/anomaly_map.h": "declares types; what counts is their destruction in code for GPUs",
  "native/pipeline/gpu_scoring.cpp": "needs a GPU",
  "native/pipeline/gpu_scoring.h": "needs a GPU",
};

/** The reason for a file, if there is one. */
export function reasonFor(path: string): string | undefined {
  const place = Object.keys(reasons).find((each) => path === each || path.startsWith(`${each}/`));
  return place === undefined ? undefined : reasons[place];
}

/** Whether so little of a file is covered that a reader wants to know why. */
export function needsReason({ lines, covered }: CoveredFile): boolean {
  return covered < enough * lines;
}

/** Files that need a reason and have none. */
export function unexplained(files: readonly CoveredFile[]): string[] {
  return files
    .filter((file) => needsReason(file) && reasonFor(file.path) === undefined)
    .map(({ path, lines, covered }) => `  ${path}: ${covered} of ${lines} lines`);
}
