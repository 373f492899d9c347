import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import type { Binaries } from "../../../lib/native/binaries.js";
import type { Backend } from "../../../lib/native/libtorch/inspect.js";
import { listLibTorch, recommendedBackend, removeLibTorch } from "../../../lib/native/libtorch/list.js";
import { fakeLibTorch, temporaryFolder } from "../support/fake-libtorch.js";

const binaries: Binaries = {
  loader: "/none",
  implementations: [{ path: "/none.so", backend: "cpu", minor: "2.13" }],
};

test("every LibTorch is listed with its state, and the first compatible one is used", async (t) => {
  const folder = temporaryFolder(t);
  const cached = (version: string): string => fakeLibTorch(join(folder, "libtorch", version), { version });
  const [newer, used, older] = [cached("2.14.0+cpu"), cached("2.13.1+cpu"), cached("2.13.0+cpu")];
  const env = { REVERSE_DISTILLATION_CACHE: folder, PATH: "" };
  t.deepEqual(
    (await listLibTorch(binaries, { env })).map(({ place, state }) => [place, state]),
    [
      ["reverse-distillation-libtorch", "absent"],
      [newer, "misfit"],
      [used, "used"],
      [older, "fits"],
      ["python3 on the PATH", "absent"],
      ["python on the PATH", "absent"],
    ],
  );
});

test("without binaries no LibTorch is compatible, and the list says why", async (t) => {
  const folder = temporaryFolder(t);
  fakeLibTorch(join(folder, "libtorch", "2.13.0+cpu"));
  const [, listed] = await listLibTorch(undefined, { env: { REVERSE_DISTILLATION_CACHE: folder, PATH: "" } });
  t.like(listed, {
    state: "misfit",
    reason: "LibTorch 2.13.0+cpu: this package has no binary that could use it",
  });
});

test("if the chosen LibTorch is unusable, no other is used instead", async (t) => {
  const folder = temporaryFolder(t);
  fakeLibTorch(join(folder, "libtorch", "2.13.0+cpu"));
  const env = { REVERSE_DISTILLATION_CACHE: folder, PATH: "", LIBTORCH: join(folder, "none") };
  t.deepEqual(
    (await listLibTorch(binaries, { env })).map(({ state }) => state),
    ["absent", "absent", "fits", "absent", "absent"],
  );
});

test("remove deletes a whole LibTorch from the cache, and accepts only the versions in it", async (t) => {
  const folder = temporaryFolder(t);
  const env = { REVERSE_DISTILLATION_CACHE: folder };
  const directory = fakeLibTorch(join(folder, "libtorch", "2.13.0+cpu"));
  for (const version of ["2.12.0+cpu", "..", "../libtorch/2.13.0+cpu", ""])
    await t.throwsAsync(removeLibTorch(version, env), {
      code: "NOT_FOUND",
      message: `${join(folder, "libtorch")} does not contain ${version}; it contains 2.13.0+cpu.`,
    });
  t.is(await removeLibTorch("2.13.0+cpu", env), directory);
  t.false(existsSync(directory));
  t.deepEqual(readdirSync(join(folder, "libtorch")), []);
});

test("the CUDA build is recommended if there is a binary for it, and a suitable driver or no CPU binary", (t) => {
  const of = (...backends: Backend[]): Binaries => ({
    loader: "/none",
    implementations: backends.map((backend) => ({ path: `/${backend}.so`, backend, minor: "2.14" })),
  });
  const driver = { version: "580.95.05", gpus: ["NVIDIA H100 80GB HBM3"] };
  const old = { ...driver, version: "535.183.01" };
  t.is(recommendedBackend(of("cpu", "cuda"), driver), "cuda");
  t.is(recommendedBackend(of("cpu", "cuda"), old), "cpu");
  t.is(recommendedBackend(of("cpu", "cuda"), undefined), "cpu");
  t.is(recommendedBackend(of("cpu"), driver), "cpu");
  t.is(recommendedBackend(undefined, driver), "cpu");
  t.is(recommendedBackend(of("cuda"), undefined), "cuda");
});
