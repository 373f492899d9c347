import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { root, type Machine } from "./project.js";

/** Where the registry's program and yarn are kept between runs. They are not needed for development. */
const tools = join(root, ".build", "registry-tools");

const manifest = JSON.stringify({
  private: true,
  dependencies: { verdaccio: "6.1.6", yarn: "1.22.22" },
  // verdaccio names a tag of it, which mirrors of registries may lack.
  overrides: { "node-fetch": "2.6.7" },
});

/** The path of a program of {@link installTools}. */
export function registryTool(path: string): string {
  return join(tools, "node_modules", ...path.split("/"));
}

/**
 * Installs the registry's program and yarn, unless that was done before.
 *
 * @returns why that is impossible; undefined if it succeeded.
 */
export function installTools(): string | undefined {
  const done = join(tools, "done.json");
  if (existsSync(done) && readFileSync(done, "utf8") === manifest) return undefined;
  mkdirSync(tools, { recursive: true });
  writeFileSync(join(tools, "package.json"), manifest);
  try {
    const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"];
    execFileSync("npm", args, { cwd: tools, stdio: ["ignore", "ignore", "inherit"], timeout: 300_000 });
  } catch (error) {
    return `npm could not install verdaccio: ${String(error)}`;
  }
  writeFileSync(done, manifest);
  return undefined;
}

/** A registry on the loopback. It has what is published to it, and fetches everything else from npm's registry. */
export class Registry {
  readonly url: string;
  readonly #server: ChildProcess;
  #log = "";

  private constructor(url: string, server: ChildProcess) {
    this.url = url;
    this.#server = server;
    for (const stream of [server.stdout!, server.stderr!])
      stream
        .setEncoding("utf8")
        .on("data", (text: string) => (this.#log = (this.#log + text).slice(-10_000)));
  }

  static async start(folder: string): Promise<Registry> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/`;
    mkdirSync(folder);
    const upstream = execFileSync("npm", ["config", "get", "registry"], {
      cwd: folder,
      encoding: "utf8",
    }).trim();
    const access = { access: "$all", publish: "$all", unpublish: "$all" };
    const config = {
      storage: join(folder, "storage"),
      uplinks: { npmjs: { url: upstream, timeout: "60s", maxage: "60m" } },
      packages: {
        "reverse-distillation*": access,
        "**": { ...access, proxy: "npmjs" },
      },
      // npm sends a tarball as text in base64.
      max_body_size: "300mb",
      log: { type: "stdout", format: "pretty", level: "warn" },
      web: { enable: false },
      server: { keepAliveTimeout: 60 },
    };
    // JSON is YAML too.
    const file = join(folder, "config.yaml");
    writeFileSync(file, JSON.stringify(config));
    const program = registryTool("verdaccio/bin/verdaccio");
    const args = [program, "--config", file, "--listen", `127.0.0.1:${port}`];
    const server = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    const registry = new Registry(url, server);
    const end = Date.now() + 60_000;
    while (
      !(await fetch(`${url}-/ping`).then(
        ({ ok }) => ok,
        () => false,
      ))
    ) {
      if (server.exitCode !== null || Date.now() > end)
        throw new Error(`The registry does not answer: ${registry.log}`);
      await pause(100);
    }
    return registry;
  }

  /** The last lines that it has printed. */
  get log(): string {
    return this.#log;
  }

  /** The variables that make npm, pnpm and yarn use it, with caches and settings of their own below a folder. */
  variables(folder: string): NodeJS.ProcessEnv {
    return {
      npm_config_registry: this.url,
      YARN_REGISTRY: this.url,
      npm_config_cache: join(folder, "npm-cache"),
      YARN_CACHE_FOLDER: join(folder, "yarn-cache"),
      npm_config_userconfig: join(folder, "npmrc"),
      npm_config_ignore_scripts: "true",
      npm_config_manage_package_manager_versions: "false",
    };
  }

  /** Publishes a tarball. */
  async publish(machine: Machine, tarball: string): Promise<void> {
    const host = this.url.replace("http:", "");
    writeFileSync(join(machine.folder, "npmrc"), `${host}:_authToken=anybody\n`);
    const { code, stderr } = await machine.npm(["publish", tarball, "--tag", "latest"], {
      cwd: machine.folder,
      env: this.variables(machine.folder),
    });
    if (code !== 0) throw new Error(`${tarball} could not be published: ${stderr}\n${this.log}`);
  }

  /** Ends it, and waits until it has ended. */
  async stop(): Promise<void> {
    if (this.#server.exitCode !== null || this.#server.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#server.once("exit", resolve));
    this.#server.kill();
    await ended;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
