import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import anyTest from "ava";
import { firstUse, Machine, pack, pinnedHere, succeeds, tool, type Ended } from "./project.js";

/** Tests the packed package in the projects of users who bundle their program, as docs/installation.md tells them to. */

const libtorch = await pinnedHere();
const test = libtorch === undefined ? anyTest.skip : anyTest.serial;
const machine = new Machine();
const LIBTORCH = libtorch?.directory ?? "";
let tarball = "";
/** A project with the package installed by npm. */
let project = "";

if (libtorch !== undefined)
  anyTest.serial.before(async (t) => {
    t.timeout(600_000);
    tarball = pack(machine.folder, { cuda: false });
    project = machine.project("bundled");
    await succeeds(t, machine.npm(["install", tarball], { cwd: project }));
    write("app.js", firstUse);
  });
anyTest.after.always(() => machine.remove());

function write(path: string, text: string): void {
  mkdirSync(dirname(join(project, path)), { recursive: true });
  writeFileSync(join(project, path), text);
}

const run = (path: string): Promise<Ended> => machine.node([path], { cwd: project, env: { LIBTORCH } });

test("a bundle of esbuild's that keeps the package external runs, and one that includes it fails with advice", async (t) => {
  const bundle = async (name: string, external: string[]): Promise<Ended> => {
    const options = [
      "--bundle",
      "--platform=node",
      "--format=esm",
      "--log-level=error",
      `--outfile=out/${name}`,
    ];
    const args = ["app.js", ...options, ...external.map((each) => `--external:${each}`)];
    await succeeds(t, machine.run(tool("esbuild/bin/esbuild"), args, { cwd: project }));
    const banner =
      'import { createRequire as forBundle } from "node:module"; const require = forBundle(import.meta.url);\n';
    write(join("out", name), banner + readFileSync(join(project, "out", name), "utf8"));
    return await run(join("out", name));
  };
  t.is(await succeeds(t, bundle("external.mjs", ["reverse-distillation"])), "trained\n");
  t.is(
    await succeeds(t, bundle("included.mjs", ["sharp"])),
    `ReverseDistillationError, ADDON_NOT_FOUND: ${join(project, "out")} is not inside the package reverse-distillation, so the ` +
      "native addon cannot be found. Do not bundle this package: mark it as external.\n",
  );
});

test("a bundle of webpack's that keeps the package external runs, and one that includes it fails with advice", async (t) => {
  const bundle = async (name: string, config: string): Promise<Ended> => {
    write(
      "webpack.config.mjs",
      `export default { mode: "production", target: "node20", entry: "./app.js", ${config} };`,
    );
    await succeeds(t, machine.node([tool("webpack/bin/webpack.js")], { cwd: project }));
    return await run(join("dist", name));
  };
  const asModule = 'experiments: { outputModule: true }, output: { filename: "external.mjs", module: true }';
  t.is(
    await succeeds(
      t,
      bundle(
        "external.mjs",
        `${asModule}, externals: { "reverse-distillation": "module reverse-distillation" }`,
      ),
    ),
    "trained\n",
  );
  const asCommonJs = 'output: { filename: "included.cjs" }, externals: { sharp: "commonjs sharp" }';
  t.regex(
    await succeeds(t, bundle("included.cjs", asCommonJs)),
    /^\w+, ADDON_NOT_FOUND: .*\.node is not part of the bundle\. Do not bundle this package: mark it as external\.\n$/,
  );
});

test("a route of Next.js trains and scores if next.config names the package as external", async (t) => {
  t.timeout(600_000);
  project = machine.project("next");
  const packages = ["next@16.4.6", "react@19.3.1", "react-dom@19.3.1"];
  await succeeds(t, machine.npm(["install", tarball, ...packages], { cwd: project }));
  write("next.config.mjs", 'export default { serverExternalPackages: ["reverse-distillation"] };\n');
  write(
    "app/layout.jsx",
    'export default function Layout({ children }) { return <html lang="en"><body>{children}</body></html>; }\n',
  );
  write(
    "app/score/route.js",
    `
import { train } from "reverse-distillation";
export const dynamic = "force-dynamic";
const image = (seed) => ({
  data: Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * (7 + seed)) % 251), width: 64, height: 64, channels: 3,
});
let detector;
export async function GET() {
  detector ??= train([0, 1].map(image), { imageSize: 64, epochs: 1, batchSize: 2, threads: 1 });
  const { map, score } = await (await detector).score(image(0));
  return Response.json({ width: map.width, finite: Number.isFinite(score), array: map.data instanceof Float32Array });
}
`,
  );
  write(
    "serve.mjs",
    `
import { createServer } from "node:http";
import next from "next";
const app = next({ dev: false });
await app.prepare();
const server = createServer(app.getRequestHandler()).listen(0, "127.0.0.1", async () => {
  const answer = await fetch(\`http://127.0.0.1:\${server.address().port}/score\`);
  console.log(answer.status, await answer.text());
  process.exit(0);
});
`,
  );
  const env = { NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production", LIBTORCH };
  const next = join("node_modules", "next", "dist", "bin", "next");
  await succeeds(t, machine.node([next, "build"], { cwd: project, env }));
  const served = await succeeds(t, machine.node(["serve.mjs"], { cwd: project, env }));
  t.regex(served, /^200 \{"width":64,"finite":true,"array":true\}$/m);
});
