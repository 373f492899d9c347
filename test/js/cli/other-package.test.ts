import { execFile } from "node:child_process";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { temporaryFolder } from "../support/temporary-folder.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Installs the built package, as npm would, where the packages with the service and the fleet are not. */
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

function run(
  cli: string,
  cwd: string,
  ...args: string[]
): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args], { cwd }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stdout, stderr });
    });
  });
}

const commands = [
  ["serve", "reverse-distillation-service", "runServe"],
  ["worker", "reverse-distillation-fleet", "runWorker"],
  ["fleet", "reverse-distillation-fleet", "runFleet"],
] as const;

for (const [command, packageName, exported] of commands) {
  test(`without the package ${packageName}, ${command} says how to get it`, async (t) => {
    const folder = await temporaryFolder(t);
    const { code, stdout, stderr } = await run(await installed(folder), folder, command, "models");
    t.deepEqual([code, stdout], [1, ""]);
    t.is(
      stderr,
      `error: ${command} needs the package ${packageName}, which is not installed. ` +
        `Run npm install ${packageName}. (NOT_FOUND)\n`,
    );
  });

  test(`${command} finds the package of the project, and passes on its arguments`, async (t) => {
    const folder = await temporaryFolder(t);
    const cli = await installed(folder);
    const project = join(folder, "project");
    const other = join(project, "node_modules", packageName);
    await mkdir(other, { recursive: true });
    await writeFile(join(other, "package.json"), '{ "type": "module", "exports": "./index.js" }');
    const source = `export const ${exported} = async (args, { print }) => print(args.join(" "));`;
    await writeFile(join(other, "index.js"), source);
    const args = [command, "models", "-o", "a=b", "--port", "0", "--help"];
    t.deepEqual(await run(cli, project, ...args), {
      code: 0,
      stdout: `${args.slice(1).join(" ")}\n`,
      stderr: "",
    });
    await writeFile(join(other, "index.js"), 'import "absent";');
    t.regex((await run(cli, project, command)).stderr, /Cannot find package 'absent'/);
  });
}
