import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { noticeGpuBuild } from "../../../lib/native/libtorch/gpu-notice.js";
import { libtorchFromNpm, libtorchPackage } from "../../../lib/native/libtorch/npm-package.js";
import { findLibTorch } from "../../../lib/native/libtorch/search.js";
import { fakeLibTorch, temporaryFolder } from "../support/fake-libtorch.js";

const driver = { version: "580.95.05", gpus: ["NVIDIA H100 80GB HBM3"] };
const both = [
  { backend: "cpu", minor: "2.13" },
  { backend: "cuda", minor: "2.14" },
] as const;
const cudaLibraries = ["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so"];

/** A project with the npm package, and a cache with builds of these versions. */
function scene(t: ExecutionContext, cached: string[] = []) {
  const folder = temporaryFolder(t);
  const npm = fakeLibTorch(join(folder, "node_modules", libtorchPackage.name), { headers: false });
  writeFileSync(join(npm, "package.json"), JSON.stringify(libtorchPackage));
  // It is found from the folder of the package, which npm puts beside it, and pnpm elsewhere.
  const packageFolder = join(folder, "node_modules", "reverse-distillation");
  mkdirSync(packageFolder);
  for (const version of cached) {
    const libraries = version.includes("+cu") ? cudaLibraries : undefined;
    fakeLibTorch(join(folder, "cache", "libtorch", version), { version, libraries });
  }
  const env: NodeJS.ProcessEnv = { REVERSE_DISTILLATION_CACHE: join(folder, "cache"), PATH: "" };
  return {
    folder,
    npm,
    packageFolder,
    env,
    build: (name: string) => join(folder, "cache", "libtorch", name),
  };
}

test("the package is named after LibTorch's own version", (t) => {
  t.deepEqual({ ...libtorchPackage }, { name: "reverse-distillation-libtorch", version: "2.13.0" });
});

test("LibTorch in the npm package comes before the cache, and after what is chosen", async (t) => {
  const { folder, npm, packageFolder, env } = scene(t, ["2.13.0+cpu"]);
  const { found, passedOver } = await findLibTorch({ builds: both }, { env, packageFolder });
  t.like(found, { origin: "package", directory: npm, version: "2.13.0+cpu" });
  t.deepEqual(passedOver, []);
  const LIBTORCH = fakeLibTorch(join(folder, "chosen"));
  const chosen = await findLibTorch({ builds: both }, { env: { ...env, LIBTORCH }, packageFolder });
  t.like(chosen.found, { origin: "chosen", directory: LIBTORCH });
});

test("a cached CUDA build comes before the npm package if a driver runs it, and not otherwise", async (t) => {
  const { npm, packageFolder, env, build } = scene(t, ["2.14.1+cu130"]);
  const find = async (version: string | undefined): Promise<string | undefined> => {
    const options = { env, packageFolder, driver: { ...driver, version } };
    return (await findLibTorch({ builds: both }, options)).found?.directory;
  };
  t.is(await find("580.95.05"), build("2.14.1+cu130"));
  t.is(await find("570.10"), npm);
});

test("an npm package that does not fit is passed over with the reason", async (t) => {
  const { npm, packageFolder, env, build } = scene(t, ["2.14.1+cu130"]);
  const { found, passedOver } = await findLibTorch({ builds: [both[1]] }, { env, packageFolder });
  t.is(found?.directory, build("2.14.1+cu130"));
  t.deepEqual(passedOver, [
    {
      origin: "package",
      place: npm,
      reason: "LibTorch 2.13.0+cpu: the CUDA build of LibTorch 2.14 is needed",
      exists: true,
      version: "2.13.0+cpu",
    },
  ]);
});

test("the npm package is resolved from the folder of this one", (t) => {
  const { npm, packageFolder } = scene(t);
  t.deepEqual(libtorchFromNpm(packageFolder), { directory: npm });
  t.regex(libtorchFromNpm(temporaryFolder(t)).absent ?? "", /^not installed; /);
});

test.serial("a machine whose GPU is not used is told once that there is a CUDA build", async (t) => {
  const warnings: (Error & { code?: string })[] = [];
  const listen = (warning: Error): void => void warnings.push(warning);
  process.on("warning", listen);
  t.teardown(() => process.off("warning", listen));
  const { env } = scene(t);
  const npm = { origin: "package", backend: "cpu" } as const;
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  noticeGpuBuild({ ...npm, origin: "chosen" }, both, { driver, env });
  noticeGpuBuild(npm, [both[0]], { driver, env });
  noticeGpuBuild(npm, both, { driver: { ...driver, version: "570.10" }, env });
  await settled();
  t.is(warnings.length, 0);
  noticeGpuBuild(npm, both, { driver, env });
  noticeGpuBuild(npm, both, { driver, env });
  await settled();
  t.deepEqual(
    warnings.map(({ name, code }) => [name, code]),
    [["ReverseDistillationWarning", "GPU_NOT_USED"]],
  );
  t.regex(
    warnings[0]!.message,
    /^The GPU is not used, .* `npx reverse-distillation libtorch install --cuda`/,
  );
});
