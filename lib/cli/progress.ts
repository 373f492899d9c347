import { SingleBar } from "cli-progress";
import type { CommandContext } from "./context.js";

/** One stage of a command's work, whose steps are counted. */
export interface Progress {
  /** @param detail What is known at this step besides, such as "loss 0.1234". */
  update(done: number, total: number | undefined, detail: string): void;
  /** Ends the stage. To be called even where it failed. */
  stop(): void;
}

/**
 * Shows progress: a bar on a terminal, elsewhere lines.
 *
 * @param unit What the steps are, such as "images".
 * @param every Of how many steps one is worth a line, where there is no bar.
 */
export function showProgress(context: CommandContext, title: string, unit: string, every: number): Progress {
  return context.interactive ? bar(title, unit) : lines(context, title, unit, every);
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
      // Lines need no end.
    },
  };
}

/** A time in the two largest of hours, minutes and seconds. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${rest} s` : `${rest} s`;
}
