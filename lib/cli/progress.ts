import { SingleBar } from "cli-progress";
import type { CommandContext } from "./context.js";

/** Shows the progress of one stage of a command, such as reading the images. */
export interface Progress {
  /** @param detail Text to show after the count, such as "loss 0.1234". */
  update(done: number, total: number | undefined, detail: string): void;
  /** Ends the stage. Call it even if the stage failed. */
  stop(): void;
}

/**
 * Shows progress as a bar on a terminal, and as lines elsewhere.
 *
 * @param unit What is counted, such as "images".
 * @param every Without a bar, print one line per this many steps.
 */
export function showProgress(context: CommandContext, title: string, unit: string, every: number): Progress {
  return context.interactive ? bar(title, unit) : lines(context, title, unit, every);
}

/** Shows the progress of a download in megabytes. */
export function downloadProgress(context: CommandContext): {
  report: (bytes: number, total: number | undefined) => void;
  stop: () => void;
} {
  const shown = showProgress(context, "Downloading", "MB", 10);
  const megabytes = (bytes: number) => Math.floor(bytes / 1e6);
  let last = -1;
  return {
    report(bytes, total) {
      const done = megabytes(bytes);
      // Chunks arrive hundreds of times per megabyte.
      if (done === last) return;
      last = done;
      shown.update(done, total === undefined ? undefined : megabytes(total), "");
    },
    stop: () => shown.stop(),
  };
}

function bar(title: string, unit: string): Progress {
  const shown = new SingleBar({
    format: `${title} {bar} {value}/{total} ${unit} {detail}`,
    barCompleteChar: "\u2588",
    barIncompleteChar: "\u2591",
    barsize: 24,
    hideCursor: true,
    stream: process.stderr,
  });
  return {
    update(done, total, detail) {
      if (!shown.isActive) shown.start(total ?? done, 0, { detail });
      shown.setTotal(total ?? done);
      shown.update(done, { detail });
    },
    stop() {
      if (shown.isActive) shown.stop();
    },
  };
}

function lines(context: CommandContext, title: string, unit: string, every: number): Progress {
  return {
    update(done, total, detail) {
      if (done % every !== 0 && done !== total) return;
      context.note(
        `${title.trim()} ${done}${total === undefined ? "" : `/${total}`} ${unit} ${detail}`.trimEnd(),
      );
    },
    stop() {
      // Lines need no cleaning up.
    },
  };
}

/** Formats a duration with its two largest units of hours, minutes and seconds. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${rest} s` : `${rest} s`;
}
