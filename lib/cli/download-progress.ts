import type { CommandContext } from "./context.js";
import { showProgress } from "./progress.js";

const megabyte = 1e6;

/** Shows how a download goes, in megabytes. */
export function downloadProgress(context: CommandContext): {
  report: (bytes: number, total: number | undefined) => void;
  stop: () => void;
} {
  const shown = showProgress(context, "Downloading", "MB", 10);
  let last = -1;
  return {
    report(bytes, total) {
      const done = Math.floor(bytes / megabyte);
      // Hundreds of parts come within one of them.
      if (done === last) return;
      last = done;
      shown.update(done, total === undefined ? undefined : Math.floor(total / megabyte), "");
    },
    stop: () => shown.stop(),
  };
}
