import test from "ava";
import { onAbort } from "../../../lib/errors/abort.js";

test("one signal serves hundreds of calls without a warning of a leak, and a call that has ended is not told", async (t) => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on("warning", note);
  t.teardown(() => process.off("warning", note));
  const controller = new AbortController();
  let told = 0;
  const stops = Array.from({ length: 300 }, () => onAbort(controller.signal, () => told++));
  stops[0]!();
  controller.abort();
  t.is(told, 299);
  // Warnings are emitted in the next turn.
  await new Promise((resolve) => setImmediate(resolve));
  t.deepEqual(warnings, []);
});
