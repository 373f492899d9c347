import { integer, invalid } from "../errors/validate.js";

/** How long to train: passes over the images, or "auto" for as many as the loss says. */
export type Epochs = number | "auto";

const most = 1_000_000;

/** Where "auto" ends at the latest: the paper's number. */
const mostAutomatic = 200;

export function epochs(name: string, value: unknown): Epochs {
  if (value === "auto") return value;
  if (typeof value === "number") return integer(name, value, 1, most);
  throw invalid(name, `a whole number from 1 to ${most}, or "auto"`, value);
}

/** As the native training takes it. */
export function trainingLength(chosen: Epochs): { epochs: number; untilConverged: boolean } {
  const untilConverged = chosen === "auto";
  return { epochs: untilConverged ? mostAutomatic : chosen, untilConverged };
}
