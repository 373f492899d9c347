import type { ExecutionContext } from "ava";
import { ReverseDistillationError, type ErrorCode } from "../../../lib/index.js";

/** Asserts that the work fails with this package's error of that code and with a message that fits. */
export async function rejects(
  t: ExecutionContext,
  work: Promise<unknown>,
  code: ErrorCode,
  message: RegExp = /./,
): Promise<ReverseDistillationError | undefined> {
  const error = await t.throwsAsync(work, { instanceOf: ReverseDistillationError, code, message });
  return error;
}
