import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import test from "ava";
import { adviseOnLimits, type Limit } from "../../../lib/doctor/limits.js";
import { asOtherUser } from "../support/other-user.js";

const threads: Limit = { what: "threads", source: "ulimit -u", limit: 20, used: 14, needed: 6 };

test("a limit that leaves enough needs no advice, and one that leaves less says how much is needed and free", (t) => {
  t.deepEqual(adviseOnLimits([threads]), []);
  t.deepEqual(adviseOnLimits([{ ...threads, used: 15 }]), [
    "A detector may fail with OUT_OF_MEMORY: it needs 6 of threads more, and ulimit -u allows 5 (15 of 20 are in use). " +
      "Raise the limit, or set the option threads.",
  ]);
  const space = 2 ** 30;
  const addressSpace: Limit = {
    ...{ what: "address space", source: "ulimit -v" },
    ...{ limit: 2 * space, used: space, needed: 2 * space },
  };
  t.deepEqual(adviseOnLimits([addressSpace]), [
    "A detector may fail with OUT_OF_MEMORY: it needs 2048 MB of address space more, and ulimit -v allows 1024 MB " +
      "(1024 MB of 2048 MB are in use). Raise the limit.",
  ]);
});

test("a user's limit on threads is found, with the threads that the user has", (t) => {
  const prefix = asOtherUser("a test of finding a limit on threads");
  if (prefix === undefined) return t.pass();
  const source = fileURLToPath(new URL("../../../lib/doctor/limits.ts", import.meta.url));
  const [program, ...rest] = [...prefix, "prlimit", "--nproc=500", process.execPath, "--import", "tsx"];
  const code = `console.log(JSON.stringify((await import(${JSON.stringify(source)})).findLimits()))`;
  const { stdout, stderr } = spawnSync(program, [...rest, "--input-type=module", "--eval", code], {
    encoding: "utf8",
    env: { ...process.env, TMPDIR: "/tmp" },
  });
  const found = (JSON.parse(stdout || "[]") as Limit[]).find(({ source }) => source === "ulimit -u");
  t.is(found?.limit, 500, stderr);
  t.true(found!.used >= 5 && found!.used < 500, String(found!.used));
});
