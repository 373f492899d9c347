import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate } from "node:timers/promises";
import test from "ava";
import { Callback } from "../../../lib/errors/callback.js";
import { ReverseDistillationError } from "../../../lib/errors/error.js";
import { rejects } from "../support/rejection.js";

const boom = new Error("boom");

test("what a callback throws or rejects with ends the work in the same way", async (t) => {
  const throws = (): void => {
    throw boom;
  };
  for (const fail of [throws, () => Promise.reject(boom)]) {
    const callback = new Callback("onProgress", fail);
    let failures = 0;
    callback.onFailure = () => failures++;
    callback.call();
    const error = await rejects(t, callback.settled(), "ABORTED", /^Stopped because onProgress threw: boom$/);
    t.is(error?.cause, boom);
    callback.call();
    await t.throwsAsync(callback.settled());
    t.is(failures, 1);
  }
});

test("an error of this package passes unchanged, and anything can be thrown", async (t) => {
  const own = new ReverseDistillationError("IO", "disk full");
  const callback = new Callback("onScored", () => Promise.reject(own));
  callback.call();
  t.is(await t.throwsAsync(callback.settled()), own);
  for (const thrown of [undefined, null, 7, "text", Symbol("s"), Object.create(null) as unknown]) {
    const odd = new Callback("onScored", () => {
      throw thrown;
    });
    odd.call();
    t.is((await rejects(t, odd.settled(), "ABORTED"))?.cause, thrown);
  }
});

test("what a callback is still doing is waited for, unless the signal is aborted", async (t) => {
  let done = 0;
  const callback = new Callback("onProgress", async () => {
    await setImmediate();
    done++;
  });
  callback.call();
  callback.call();
  await callback.settled();
  t.is(done, 2);
  const never = new Callback("onProgress", () => new Promise(() => {}));
  never.call();
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 10);
  await rejects(t, never.settled(controller.signal), "ABORTED");
});

test("a callback runs in the asynchronous context of the call that it was passed to", (t) => {
  const storage = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const callback = storage.run(
    "request 7",
    () => new Callback("onProgress", () => seen.push(storage.getStore())),
  );
  callback.call();
  storage.run("another", () => callback.call());
  t.deepEqual(seen, ["request 7", "request 7"]);
});
