import { InvalidArgumentError, Option } from "commander";
import type { Device } from "../options/device.js";
import type { Epochs } from "../options/epochs.js";
import { scoringPrecisions } from "../options/precision.js";

/**
 * From the text of an argument to the value of an option. Only the form is looked at here: what is
 * allowed is for the functions that take the options, which say so in the same words to every caller.
 */

export function numberValue(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) throw new InvalidArgumentError("It is not a number.");
  return value;
}

/** "20", or "auto". */
export function epochsValue(text: string): Epochs {
  return text === "auto" ? text : numberValue(text);
}

/** "256", or "256x320" for height x width. */
export function sizeValue(text: string): number | [height: number, width: number] {
  const sides = text.split("x");
  if (sides.length > 2) throw new InvalidArgumentError("Give one number, or HEIGHTxWIDTH.");
  const [height, width] = sides.map(numberValue) as [number, number | undefined];
  return width === undefined ? height : [height, width];
}

/** "1,2,3". */
export function numbersValue(text: string): number[] {
  return text.split(",").map(numberValue);
}

export function listValue(text: string): string[] {
  return text.split(",").map((item) => item.trim());
}

/** For commands that score. */
export function precisionOption(): Option {
  const what = "of the networks' arithmetic; auto: bfloat16 where the hardware has it";
  return new Option("--precision <name>", what).choices(scoringPrecisions).default("float32");
}

export function deviceValue(text: string): Device {
  return text as Device;
}
