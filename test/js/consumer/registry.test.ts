import { execFileSync, type ExecFileSyncOptionsWithStringEncoding } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import anyTest, { type ExecutionContext } from "ava";
import sharp from "sharp";
import { libtorchPackage } from "../../../lib/native/libtorch/npm-package.js";
import { asOtherUser } from "../support/other-user.js";
import { Machine, pack, pinnedHere, root, succeeds, tool, which, type Ended } from "./project.js";
import { installTools, Registry, registryTool } from "./registry.js";

/**
 * Tests what a user gets from a registry: both packages are published to one on the loopback, and installed on a machine
 * with Node.js and a package manager, but without compilers, CMake, Python and an own LibTorch. No scripts are run.
 */

/** The tarball with LibTorch; undefined if it cannot be made here. */
function packedLibTorch(): string | undefined {
  const reason = installTools();
  if (reason === undefined)
    try {
      const script = join(root, "scripts", "pack-libtorch.ts");
      const options: ExecFileSyncOptionsWithStringEncoding = {
        cwd: root,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "inherit"],
      };
      return execFileSync(process.execPath, ["--import", "tsx", script], options).trim();
    } catch {
      // It has said why.
    }
  console.error(
    `SKIPPED: tests of the packages in a registry: ${reason ?? "the package with LibTorch cannot be made here"}`,
  );
  return undefined;
}

const libtorch = (await pinnedHere()) && packedLibTorch();
const test = libtorch === undefined ? anyTest.skip : anyTest.serial;
const machine = new Machine();
let registry: Registry | undefined;
/** The versions of the package in the registry. */
let version = "";
const otherVersion = "0.0.1-another";
/** A project with the package installed by npm. */
let project = "";

if (libtorch !== undefined)
  anyTest.serial.before(async (t) => {
    t.timeout(600_000);
    machine.removeCompilers();
    const tarball = pack(machine.folder, { cuda: false, libtorch: true });
    registry = await Registry.start(join(machine.folder, "registry"));
    // The package with LibTorch first: the other one names it.
    for (const each of [libtorch, another(tarball), tarball]) await registry.publish(machine, each);
    project = machine.project("my project");
    await succeeds(t, npm(["install", "reverse-distillation"], project));
    const installed = join(project, "node_modules", "reverse-distillation", "package.json");
    ({ version } = JSON.parse(readFileSync(installed, "utf8")) as { version: string });
    writeFileSync(join(project, "app.js"), useIt);
  });
anyTest.after.always(async () => {
  await registry?.stop();
  machine.remove();
});

/** Packs the package again with another version. */
function another(tarball: string): string {
  const folder = mkdtempSync(join(machine.folder, "another-"));
  execFileSync("tar", ["xzf", tarball, "-C", folder]);
  const path = join(folder, "package", "package.json");
  const manifest = JSON.parse(readFileSync(path, "utf8")) as object;
  writeFileSync(path, JSON.stringify({ ...manifest, version: otherVersion }));
  const args = ["pack", "--ignore-scripts", "--loglevel", "error"];
  const name = execFileSync("npm", args, { cwd: join(folder, "package"), encoding: "utf8" }).trim();
  return join(folder, "package", name);
}

/** Trains on two images with random weights, and scores one. */
const useIt = `
import { train } from "reverse-distillation";
const image = (seed) => ({
  data: Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * (7 + seed)) % 251), width: 64, height: 64, channels: 3,
});
try {
  const detector = await train([0, 1].map(image), { imageSize: 64, epochs: 1, batchSize: 2, threads: 1 });
  const { score, map } = await detector.score(image(2));
  console.log("scored", map.width, map.height, Number.isFinite(score));
} catch (error) {
  console.log(error.code + ": " + error.message);
}
`;

const scored = "scored 64 64 true\n";

const npm = (args: string[], cwd: string): Promise<Ended> =>
  machine.npm(args, { cwd, env: registry!.variables(machine.folder) });

/** Runs the program that uses the package in a project. */
async function works(t: ExecutionContext, folder: string): Promise<void> {
  writeFileSync(join(folder, "app.js"), useIt);
  t.is(await succeeds(t, machine.node(["app.js"], { cwd: folder })), scored);
}

/** The LibTorch that is used in a project. */
async function used(t: ExecutionContext, folder: string): Promise<string | undefined> {
  const cli = join("node_modules", "reverse-distillation", "dist", "cli.js");
  const listed = await succeeds(t, machine.node([cli, "libtorch", "list"], { cwd: folder }));
  return /^2\.13\.0\+cpu\tused\t(.*)$/m.exec(listed)?.[1];
}

test("npm install is all that is needed to train and score", async (t) => {
  await works(t, project);
  t.is(await used(t, project), join(project, "node_modules", libtorchPackage.name));
  t.is(machine.compiled, "");
});

test("doctor says which LibTorch is used and why", async (t) => {
  const cli = join("node_modules", "reverse-distillation", "dist", "cli.js");
  const output = await succeeds(t, machine.node([cli, "doctor"], { cwd: project }));
  const place = join(project, "node_modules", libtorchPackage.name);
  t.true(
    output.includes(`package: ${place}: 2.13.0+cpu, used: npm installed it with this package\n`),
    output,
  );
});

test("the package works in a read-only node_modules", async (t) => {
  const script =
    "mount --bind node_modules node_modules && mount -o remount,ro,bind node_modules || exit 77; ! touch node_modules/x 2>/dev/null || exit 78; exec node app.js";
  const env = { PATH: `${machine.env().PATH}:${process.env.PATH}` };
  const { code, stdout, stderr } = await machine
    .run("unshare", ["-rm", "sh", "-c", script], { cwd: project, env })
    .catch((error: unknown) => ({ code: 77, stdout: "", stderr: String(error) }));
  if (code === 77 || /unshare failed/.test(stderr)) {
    console.error(`SKIPPED: test of a read-only node_modules, which needs the right to mount: ${stderr}`);
    t.pass();
    return;
  }
  t.deepEqual([code, stdout], [0, scored], stderr);
});

test("the package works for another user who has no home folder", async (t) => {
  const [program, ...prefix] = asOtherUser("test of a user without a home folder") ?? [];
  if (program === undefined) {
    t.pass();
    return;
  }
  const homeless = { HOME: undefined, XDG_CACHE_HOME: undefined, REVERSE_DISTILLATION_CACHE: undefined };
  const args = [...prefix, join(machine.folder, "bin", "node"), "app.js"];
  t.is(await succeeds(t, machine.run(which(program), args, { cwd: project, env: homeless })), scored);
});

test("npm ci installs it from a lock file, and offline from npm's cache", async (t) => {
  for (const [name, ...flags] of [["locked"], ["locked and offline", "--offline"]] as const) {
    const folder = machine.project(name);
    for (const file of ["package.json", "package-lock.json"]) cpSync(join(project, file), join(folder, file));
    await succeeds(t, npm(["ci", ...flags], folder));
    await works(t, folder);
    rmSync(folder, { recursive: true });
  }
});

test("pnpm installs it", async (t) => {
  const folder = machine.project("with pnpm");
  const store = join(machine.folder, "pnpm-store");
  const args = [tool("pnpm/bin/pnpm.cjs"), "add", "reverse-distillation", "--store-dir", store];
  const env = registry!.variables(machine.folder);
  await succeeds(t, machine.node([...args, "--reporter", "append-only"], { cwd: folder, env }));
  await works(t, folder);
  rmSync(folder, { recursive: true });
  rmSync(store, { recursive: true });
});

test("yarn installs it", async (t) => {
  const folder = machine.project("with yarn");
  const args = [registryTool("yarn/bin/yarn.js"), "add", "reverse-distillation", "--non-interactive"];
  const env = registry!.variables(machine.folder);
  await succeeds(t, machine.node([...args, "--ignore-scripts"], { cwd: folder, env }));
  await works(t, folder);
  rmSync(folder, { recursive: true });
  rmSync(join(machine.folder, "yarn-cache"), { recursive: true });
});

test("projects of a workspace with two versions of the package share one LibTorch", async (t) => {
  const folder = machine.project("workspace");
  const versions = { a: version, b: otherVersion };
  const manifest = { name: "workspace", private: true, workspaces: ["a", "b"] };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  for (const [name, wanted] of Object.entries(versions)) {
    mkdirSync(join(folder, name));
    const dependencies = { "reverse-distillation": wanted };
    writeFileSync(join(folder, name, "package.json"), JSON.stringify({ name, type: "module", dependencies }));
  }
  await succeeds(t, npm(["install"], folder));
  for (const [name, wanted] of Object.entries(versions)) {
    await works(t, join(folder, name));
    const print = `import { createRequire } from "node:module"; console.log(createRequire(import.meta.url)("reverse-distillation/package.json").version);`;
    writeFileSync(join(folder, name, "version.js"), print);
    t.is(await succeeds(t, machine.node(["version.js"], { cwd: join(folder, name) })), `${wanted}\n`);
  }
  t.true(existsSync(join(folder, "node_modules", libtorchPackage.name)));
  for (const name of Object.keys(versions))
    t.false(existsSync(join(folder, name, "node_modules", libtorchPackage.name)));
  rmSync(folder, { recursive: true });
});

test("a project with another version works beside the first", async (t) => {
  const folder = machine.project("another version");
  await succeeds(t, npm(["install", `reverse-distillation@${otherVersion}`], folder));
  await works(t, folder);
  t.is(await used(t, folder), join(folder, "node_modules", libtorchPackage.name));
  await works(t, project);
  rmSync(folder, { recursive: true });
});

test("--omit=optional leaves LibTorch out for those who name their own", async (t) => {
  const folder = machine.project("without optional packages");
  // The binaries of sharp are optional packages too.
  const sharps = ["@img/sharp-linux-x64", "@img/sharp-libvips-linux-x64"];
  await succeeds(t, npm(["install", "reverse-distillation", ...sharps, "--omit=optional"], folder));
  t.false(existsSync(join(folder, "node_modules", libtorchPackage.name)));
  writeFileSync(join(folder, "app.js"), useIt);
  t.regex(await succeeds(t, machine.node(["app.js"], { cwd: folder })), /^LIBTORCH_NOT_FOUND: /);
  const LIBTORCH = join(project, "node_modules", libtorchPackage.name);
  t.is(await succeeds(t, machine.node(["app.js"], { cwd: folder, env: { LIBTORCH } })), scored);
  rmSync(folder, { recursive: true });
});

test("npx trains in an empty folder, with nothing installed before", async (t) => {
  const folder = join(machine.folder, "an empty folder");
  mkdirSync(join(folder, "parts", "good"), { recursive: true });
  for (const shade of [90, 110, 130, 150]) {
    const image = sharp({
      create: { width: 64, height: 64, channels: 3, background: { r: shade, g: 80, b: 60 } },
    });
    await image.png().toFile(join(folder, "parts", "good", `${shade}.png`));
  }
  // The command of the README, and what makes the training short.
  const command = ["--yes", "reverse-distillation", "train", "parts/good", "-o", "parts.safetensors"];
  const short = ["--image-size", "64", "--epochs", "1", "--batch-size", "2"];
  const env = registry!.variables(machine.folder);
  await succeeds(t, machine.npx([...command, ...short], { cwd: folder, env }));
  t.true(existsSync(join(folder, "parts.safetensors")));
});
