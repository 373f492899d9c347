import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import test from "ava";
import { serve } from "../support/file-server.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** Runs a command with these additional environment variables. */
async function cli(
  env: Record<string, string>,
  ...args: string[]
): Promise<{ stdout: string; stderr: string; code: number }> {
  const main = fileURLToPath(new URL("../../../lib/cli.ts", import.meta.url));
  const options = { env: { ...process.env, ...env } };
  try {
    const run = promisify(execFile)(process.execPath, ["--import=tsx", main, ...args], options);
    return { ...(await run), code: 0 };
  } catch (error) {
    return error as { stdout: string; stderr: string; code: number };
  }
}

test("weights list shows the published weights and which are on this machine", async (t) => {
  const cache = await temporaryFolder(t);
  const env = { REVERSE_DISTILLATION_CACHE: cache };
  const { stdout } = await cli(env, "weights", "list");
  t.deepEqual(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.split("\t").slice(0, 3)),
    [
      ["resnet18", "44.7 MiB", "absent"],
      ["resnet34", "83.3 MiB", "absent"],
      ["resnet50", "97.8 MiB", "absent"],
      ["wide_resnet50_2", "131.8 MiB", "absent"],
    ],
  );
  const [first] = (await cli(env, "weights", "list", "--json")).stdout.split("\n");
  t.like(JSON.parse(first!), {
    backbone: "resnet18",
    state: "absent",
    path: join(cache, "weights", "resnet18-f37072fd.pth"),
    url: "https://download.pytorch.org/models/resnet18-f37072fd.pth",
  });
});

test("weights get says why weights could not be obtained, and writes no path to stdout", async (t) => {
  const cache = await temporaryFolder(t);
  const offline = await cli(
    { REVERSE_DISTILLATION_CACHE: cache, REVERSE_DISTILLATION_OFFLINE: "1" },
    ...["weights", "get", "resnet18"],
  );
  t.is(offline.code, 1);
  t.regex(offline.stderr, /downloads are disabled.*\(DOWNLOAD_FAILED\)/);

  const { url } = await serve(t, (_, response) => response.end("<html>Please log in</html>"));
  const lied = await cli(
    {
      REVERSE_DISTILLATION_CACHE: cache,
      REVERSE_DISTILLATION_OFFLINE: "",
      REVERSE_DISTILLATION_WEIGHTS_URL: url,
    },
    ...["weights", "get", "wide_resnet50_2"],
  );
  t.is(lied.code, 1);
  t.is(lied.stdout, "");
  t.regex(
    lied.stderr,
    /wide_resnet50_2-95faca4d\.pth failed: the server sent a different file: its SHA-256 is/,
  );
});

test("an unknown backbone and a missing subcommand are invalid usage", async (t) => {
  const { code, stderr } = await cli({}, "weights", "get", "resnet101");
  t.is(code, 2);
  t.regex(stderr, /Allowed choices are resnet18, resnet34, resnet50, wide_resnet50_2/);
  t.is((await cli({}, "weights")).code, 2);
});
