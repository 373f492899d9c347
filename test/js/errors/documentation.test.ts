import { readFileSync } from "node:fs";
import test from "ava";
import { errorCodes } from "../../../lib/errors/error.js";

const page = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");

test("docs/errors.md describes every error code once, and no other", (t) => {
  const documented = [...page.matchAll(/^### (.+)$/gm)].map(([, code]) => code!);
  t.deepEqual(documented.sort(), [...errorCodes].sort());
});
