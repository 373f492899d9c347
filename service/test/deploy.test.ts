import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { access, chown, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import test from "ava";
import mqtt from "mqtt";
import { parse } from "yaml";
import { temporaryFolder } from "../../test/js/support/temporary-folder.js";
import { freePort } from "./support/free-port.js";
import { TestModels } from "./support/models.js";
import { running, until } from "./support/running.js";

const run = promisify(execFile);
const folder = fileURLToPath(new URL("../deploy", import.meta.url));
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
const read = (name: string) => readFile(join(folder, name), "utf8");

/** A test that needs a program, and is skipped, and says so, without it. */
function testWith(program: string) {
  if (spawnSync(program, ["--help"], { env }).error === undefined) return test;
  console.error(`SKIPPED: tests with ${program}: it is not installed`);
  return test.skip;
}

interface Compose {
  services: Record<
    string,
    {
      image: string;
      user?: string;
      read_only?: boolean;
      command?: string[];
      ports?: string[];
      volumes: string[];
      secrets?: string[];
      cap_drop: string[];
      security_opt: string[];
    }
  >;
  volumes: Record<string, unknown>;
  secrets: Record<string, { file: string }>;
}

/** The flags of `serve`, as its help names them. */
async function flagsOfServe(): Promise<Set<string>> {
  const cli = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
  const { stdout } = await run(process.execPath, [cli, "serve", "--help"]);
  return new Set(stdout.match(/--[a-z-]+/g));
}

const flagsIn = (text: string) => text.match(/--[a-z-]+/g) ?? [];

testWith("promtool")(
  "Prometheus accepts its configuration and the alerts, which fire when they should",
  async (t) => {
    await t.notThrowsAsync(
      run("promtool", ["check", "config", "--syntax-only", join(folder, "prometheus.yml")]),
    );
    await t.notThrowsAsync(run("promtool", ["check", "rules", join(folder, "alerts.yml")]));
    await t.notThrowsAsync(run("promtool", ["test", "rules", join(folder, "alerts.test.yml")]));
  },
);

test("alerts are about metrics and codes that the service has, and each has a test", async (t) => {
  const models = await TestModels.make();
  t.teardown(() => models.remove());
  const { ask } = await running(t, models);
  const metrics = await (await ask("/metrics")).text();
  const known = new Set(metrics.match(/^# TYPE (\S+)/gm)?.map((line) => line.slice("# TYPE ".length)));
  const { groups } = parse(await read("alerts.yml")) as {
    groups: { rules: { alert: string; expr: string }[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);
  const used = rules.flatMap(({ expr }) => expr.match(/inspection_\w+/g) ?? []);
  t.true(used.length > 5);
  t.deepEqual(
    used.filter((name) => !known.has(name)),
    [],
  );
  for (const code of rules.flatMap(({ expr }) => /code=~?"([^"]+)"/.exec(expr)?.[1]?.split("|") ?? []))
    // A rate sees the first error only if its counter was there before.
    t.true(metrics.includes(`inspection_problems_total{code="${code}"} 0`), code);
  const tested = await read("alerts.test.yml");
  for (const { alert } of rules) t.is(tested.split(`alertname: ${alert}`).length > 2, true, alert);
});

testWith("mosquitto")("the broker starts with its configuration and takes messages", async (t) => {
  const port = await freePort();
  const data = await temporaryFolder(t);
  const config = (await read("mosquitto.conf"))
    .replace("listener 1883", `listener ${port} 127.0.0.1`)
    .replace("/mosquitto/data/", `${data}/`);
  await writeFile(join(data, "mosquitto.conf"), config);
  // As in its container: not as root, which it could not leave without capabilities.
  const { services } = parse(await read("compose.yaml")) as Compose;
  const [uid, gid] = services.mosquitto!.user!.split(":").map(Number);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) await chown(data, uid!, gid!);
  const broker = spawn("mosquitto", ["-c", join(data, "mosquitto.conf")], {
    ...{ env, stdio: "ignore" },
    ...(isRoot && { uid, gid }),
  });
  t.teardown(() => broker.kill("SIGKILL"));
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5, reconnectPeriod: 50 });
  t.teardown(() => client.endAsync(true));
  await until("it is connected", () => client.connected);
  // With QoS 1, it settles when the broker has it.
  await t.notThrowsAsync(client.publishAsync("inspection/bottle/inspected", "{}", { qos: 1 }));
  broker.kill("SIGTERM");
  const [code] = (await once(broker, "exit")) as [number | null];
  t.is(code, 0);
});

test("containers have no more rights than they need, and publish ports on the loopback alone", async (t) => {
  const { services, volumes, secrets } = parse(await read("compose.yaml")) as Compose;
  t.deepEqual(Object.keys(services).sort(), ["inspection", "mosquitto", "prometheus"]);
  for (const [name, service] of Object.entries(services)) {
    t.regex(service.image, /:v?\d+\.\d+/, `${name} has a version`);
    t.deepEqual(service.cap_drop, ["ALL"], name);
    t.deepEqual(service.security_opt, ["no-new-privileges:true"], name);
    for (const port of service.ports ?? []) t.regex(port, /^127\.0\.0\.1:/, name);
    for (const secret of service.secrets ?? []) t.true(secret in secrets, `${name}: ${secret}`);
    for (const volume of service.volumes) {
      const [source = ""] = volume.split(":");
      // The folder of models is the user's.
      if (source === "./models") continue;
      if (!source.startsWith("./")) t.true(source in volumes, `${name}: ${source}`);
      else {
        await t.notThrowsAsync(access(join(folder, source)), `${name}: ${source}`);
        t.true(volume.endsWith(":ro"), `${name}: ${source}`);
      }
    }
  }
  const { user, read_only, command } = services.inspection!;
  t.is(user, "1000:1000");
  t.true(read_only);
  const known = await flagsOfServe();
  t.deepEqual(
    command!.flatMap(flagsIn).filter((flag) => !known.has(flag)),
    [],
  );
});

test("the image runs the service as another user than root, with flags that it has", async (t) => {
  const text = (await read("Dockerfile")).replaceAll("\\\n", "");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const of = (instruction: string) =>
    lines
      .filter((line) => line.startsWith(`${instruction} `))
      .map((line) => line.slice(instruction.length + 1));
  for (const from of of("FROM")) t.regex(from, /^node:\d+\.\d+\.\d+-bookworm-slim( AS \w+)?$/);
  t.deepEqual(of("USER"), ["node"]);
  t.is(of("HEALTHCHECK").length, 1);
  t.true(lines.indexOf("USER node") < lines.findIndex((line) => line.startsWith("ENTRYPOINT ")));
  const [entry, rest] = [of("ENTRYPOINT"), of("CMD")].map(([json]) => JSON.parse(json!) as string[]);
  t.deepEqual(entry!.slice(-2), ["serve", "/models"]);
  const known = await flagsOfServe();
  t.deepEqual(
    rest!.flatMap(flagsIn).filter((flag) => !known.has(flag)),
    [],
  );
  const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  t.deepEqual(of("ARG"), [`VERSION=${version}`]);
});

test("the health check of the image says whether the service is ready", async (t) => {
  const check = /^ +CMD (\[.*\])$/m.exec(await read("Dockerfile"))![1]!;
  const [node, ...args] = JSON.parse(check) as string[];
  t.is(node, "node");
  const models = await TestModels.make();
  t.teardown(() => models.remove());
  const { service } = await running(t, models);
  const asked = (url: string) => {
    const here = args.map((arg) => arg.replace("http://127.0.0.1:8080", url));
    t.notDeepEqual(here, args);
    return run(process.execPath, here);
  };
  await t.notThrowsAsync(asked(service.url));
  const error = await t.throwsAsync<Error & { code?: number }>(asked(`http://127.0.0.1:${await freePort()}`));
  t.is(error?.code, 1);
});

testWith("systemd-analyze")("systemd accepts the unit, and finds it well confined", async (t) => {
  const unit = join(folder, "inspection.service");
  const { stderr } = await run("systemd-analyze", ["verify", unit]).catch(
    (error: unknown) => error as { stderr: string },
  );
  // What the machine of the test has not installed is no fault of the unit.
  t.deepEqual(
    stderr
      .split("\n")
      .filter((line) => line.includes("inspection.service") && !/is not executable|No such file/.test(line)),
    [],
  );
  const { stdout } = await run("systemd-analyze", ["security", "--offline=true", "--threshold=25", unit]);
  t.regex(stdout, /Overall exposure level/);
  const filter = /^SystemCallFilter=(.*)$/m.exec(await read("inspection.service"))![1]!.split(" ");
  const { stdout: calls } = await run("systemd-analyze", ["syscall-filter", ...filter]);
  // Without it, Node.js ends before its first line.
  t.regex(calls, /^ +pkey_alloc$/m);
  const command = /^ExecStart=(.*)$/m.exec(await read("inspection.service"))![1]!;
  const known = await flagsOfServe();
  t.deepEqual(
    flagsIn(command).filter((flag) => !known.has(flag)),
    [],
  );
});
