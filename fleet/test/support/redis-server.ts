import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Redis } from "ioredis";

/** Whether Redis is installed. */
export const isInstalled = spawnSync("redis-server", ["--version"]).error === undefined;

/** A Redis of a test's own, on a socket in a folder, that forgets nothing it has acknowledged. */
export class RedisServer {
  readonly address: string;
  readonly #folder: string;
  #process: ChildProcess | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
    this.address = join(folder, "redis.sock");
  }

  static async start(folder: string): Promise<RedisServer> {
    const server = new RedisServer(folder);
    await server.begin();
    return server;
  }

  /** Starts it, as after a crash. Resolves when it answers. */
  async begin(): Promise<void> {
    const settings = {
      port: 0,
      unixsocket: this.address,
      dir: this.#folder,
      appendonly: "yes",
      appendfsync: "always",
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    this.#process = spawn("redis-server", [...flags, "--save", ""], { stdio: "ignore" });
    const ended = once(this.#process, "exit").then(() => {
      throw new Error("redis-server ended by itself");
    });
    ended.catch(() => undefined);
    await Promise.race([this.#answers(), ended]);
  }

  /** Ends it at once, as a power cut would. */
  async kill(): Promise<void> {
    const process = this.#process!;
    if (process.exitCode !== null || process.signalCode !== null) return;
    const gone = once(process, "exit");
    process.kill("SIGKILL");
    await gone;
  }

  /** How many commands it has run, those of scripts included. */
  async commands(): Promise<number> {
    return this.#with(async (redis) => {
      const info = await redis.info("stats");
      return Number(/total_commands_processed:(\d+)/.exec(info)![1]);
    });
  }

  /** The events of a queue so far, as BullMQ's stream has them. */
  async events(queue: string): Promise<{ event: string; jobId: string }[]> {
    return this.#with(async (redis) => {
      const entries = await redis.xrange(`bull:${queue}:events`, "-", "+");
      return entries.map(([, fields]) => {
        const pairs = Array.from({ length: fields.length / 2 }, (_, i) => [fields[2 * i], fields[2 * i + 1]]);
        return Object.fromEntries(pairs) as { event: string; jobId: string };
      });
    });
  }

  async #with<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(this.address);
    try {
      return await work(redis);
    } finally {
      redis.disconnect();
    }
  }

  async #answers(): Promise<void> {
    const redis = new Redis(this.address, { retryStrategy: () => 20, maxRetriesPerRequest: null });
    redis.on("error", () => undefined);
    try {
      await redis.ping();
    } finally {
      redis.disconnect();
    }
  }
}
