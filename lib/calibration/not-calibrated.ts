import { ReverseDistillationError } from "../errors/error.js";

/** The error for what needs thresholds. @param what The detector or model, as the message starts. */
export function notCalibrated(what: string): ReverseDistillationError {
  return new ReverseDistillationError(
    "NOT_CALIBRATED",
    `${what} is not calibrated. Calibrate it on good parts that it was not trained on: detector.calibrate(images), or ` +
      "reverse-distillation calibrate <model> <folder>. Or set thresholds by hand: detector.setThresholds({ reject }).",
  );
}
