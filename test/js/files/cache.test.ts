import { join, resolve } from "node:path";
import test from "ava";
import { cacheDirectory, cacheDirectoryIfAny } from "../../../lib/files/cache.js";
import { findLibTorch } from "../../../lib/native/libtorch/search.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** Runs without a home folder, as a user without an entry in /etc/passwd does. */
function homeless<T>(run: () => T): T {
  const { HOME } = process.env;
  process.env.HOME = "";
  try {
    return run();
  } finally {
    if (HOME === undefined) delete process.env.HOME;
    else process.env.HOME = HOME;
  }
}

test.serial("the cache is where the variables say, or else below the home folder", (t) => {
  t.is(cacheDirectoryIfAny({ REVERSE_DISTILLATION_CACHE: "here" }), resolve("here"));
  t.is(cacheDirectoryIfAny({ XDG_CACHE_HOME: "/x" }), "/x/reverse-distillation");
  t.regex(cacheDirectory({}), /\/\.cache\/reverse-distillation$/);
});

test.serial(
  "without a home folder there is no cache, and the error for what needs one says what to do",
  (t) => {
    t.is(
      homeless(() => cacheDirectoryIfAny({})),
      undefined,
    );
    t.throws(() => homeless(() => cacheDirectory({})), {
      code: "NOT_FOUND",
      message: /HOME is not set and the user has no home folder; set REVERSE_DISTILLATION_CACHE to a folder/,
    });
    t.is(
      homeless(() => cacheDirectoryIfAny({ REVERSE_DISTILLATION_CACHE: "/c" })),
      "/c",
    );
  },
);

test.serial("without a home folder LibTorch is still searched for in the other places", async (t) => {
  const env = { PATH: join(await temporaryFolder(t), "none") };
  const { passedOver } = await homeless(() =>
    findLibTorch({ builds: [{ backend: "cpu", minor: "2.13" }] }, { env }),
  );
  t.deepEqual(
    passedOver.map(({ origin }) => origin),
    ["package", "cache", "python", "python"],
  );
  t.regex(passedOver[1]!.reason, /set REVERSE_DISTILLATION_CACHE/);
});
