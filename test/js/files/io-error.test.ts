import test from "ava";
import { ReverseDistillationError } from "../../../lib/errors/error.js";
import { ioError } from "../../../lib/files/io-error.js";

test("a message ends with one full stop, whether the cause's has one or not", (t) => {
  for (const cause of ["The disk is gone", "The disk is gone.", "The disk is gone..."])
    t.is(ioError(new Error(cause), "Writing", "m").message, "Writing failed: m: The disk is gone.");
});

test("codes of the system are put into words, and errors of this package stay what they are", (t) => {
  const full = Object.assign(new Error("ENOSPC: write"), { code: "ENOSPC" });
  t.like(ioError(full, "Writing", "m"), {
    code: "IO",
    message: "Writing failed: m: no space left on the device.",
    cause: full,
  });
  const absent = Object.assign(new Error("ENOENT: open"), { code: "ENOENT" });
  t.is(ioError(absent, "Reading", "m").code, "NOT_FOUND");
  const own = new ReverseDistillationError("INVALID_FILE", "It is damaged.");
  t.is(ioError(own, "Reading", "m"), own);
});
