import type { CoveredFile } from "./covered-file.js";

/** Below this share, a file needs a reason. */
const enough = 0.8;

/** Why little of a file, or of the files in a folder, is covered. */
export const reasons: Readonly<Record<string, string>> = {
  "native/core/device_streams.cpp": "needs a GPU",
  "native/core/device_streams.h": "needs a GPU",
  "native/core/gpu_backend.cpp": "needs a GPU",
  "native/core/recorded_work.cpp": "needs a GPU",
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
