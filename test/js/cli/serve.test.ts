import { execFile } from "node:child_process";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { temporaryFolder } from "../support/temporary-folder.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Installs the built package, as npm would, where the package with the service is not. */
async function installed(folder: string): Promise<string> {
  const manifest = await readFile(join(root, "package.json"), "utf8");
  const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
  const modules = join(folder, "node_modules");
  const own = join(modules, "reverse-distillation");
  await mkdir(own, { recursive: true });
  await cp(join(root, "dist"), join(own, "dist"), { recursive: true });
  await writeFile(join(own, "package.json"), manifest);
  for (const name of Object.keys(dependencies)) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(root, "node_modules", name), join(modules, name));
  }
  return join(own, "dist", "cli.js");
}

function run(cli: string, cwd: string): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, "serve", "models", "--port", "0"], { cwd }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stdout, stderr });
    });
  });
}

test("without the package of the service, serve says how to get it", async (t) => {
  const folder = await temporaryFolder(t);
  const { code, stdout, stderr } = await run(await installed(folder), folder);
  t.deepEqual([code, stdout], [1, ""]);
  t.is(
    stderr,
    "error: serve needs the package reverse-distillation-service, which is not installed. " +
      "Run npm install reverse-distillation-service. (NOT_FOUND)\n",
  );
});

test("serve finds the package of the project, and passes on its arguments", async (t) => {
  const folder = await temporaryFolder(t);
  const cli = await installed(folder);
  const project = join(folder, "project");
  const service = join(project, "node_modules", "reverse-distillation-service");
  await mkdir(service, { recursive: true });
  await writeFile(join(service, "package.json"), '{ "type": "module", "exports": "./index.js" }');
  const source = 'export const runServe = async (args, { print }) => print(args.join(" "));';
  await writeFile(join(service, "index.js"), source);
  t.deepEqual(await run(cli, project), { code: 0, stdout: "models --port 0\n", stderr: "" });
  await writeFile(join(service, "index.js"), 'import "absent";');
  t.regex((await run(cli, project)).stderr, /Cannot find package 'absent'/);
});
