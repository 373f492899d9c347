import type { Redis } from "ioredis";

/**
 * Takes or keeps a slot: a member of a sorted set, whose score is when it ends. Time is that of Redis, so the clocks of
 * machines do not matter. A job that has a slot gets it again.
 */
const takeSlot = `
local now = redis.call("TIME")
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", ms)
local taken = redis.call("ZSCORE", KEYS[1], ARGV[1]) or redis.call("ZCARD", KEYS[1]) < tonumber(ARGV[2])
if not taken then return 0 end
redis.call("ZADD", KEYS[1], ms + ARGV[3], ARGV[1])
redis.call("PEXPIRE", KEYS[1], ARGV[3])
return 1`;

/** How many jobs of a product run at a time, counted in Redis for all workers. */
export class ProductSlots {
  readonly #redis: Redis;
  readonly #queue: string;
  readonly #limit: number;
  readonly #milliseconds: number;
  readonly #held = new Map<string, string>();
  readonly #timer: NodeJS.Timeout;

  /**
   * @param limit 0 for no limit.
   * @param milliseconds After this time, the slot of a worker that died is free.
   * @param failed Called if slots could not be kept; they are tried again.
   */
  constructor(
    redis: Redis,
    queue: string,
    limit: number,
    milliseconds: number,
    failed: (error: Error) => void,
  ) {
    this.#redis = redis;
    this.#queue = queue;
    this.#limit = limit;
    this.#milliseconds = milliseconds;
    this.#timer = setInterval(() => {
      for (const [job, product] of this.#held) this.#take(job, product).catch(failed);
    }, milliseconds / 3).unref();
  }

  /** Takes a slot for a job; false if the product has as many jobs as it may. */
  async take(job: string, product: string | undefined): Promise<boolean> {
    if (this.#limit === 0 || product === undefined) return true;
    if (!(await this.#take(job, product))) return false;
    this.#held.set(job, product);
    return true;
  }

  async release(job: string): Promise<void> {
    const product = this.#held.get(job);
    if (product === undefined) return;
    this.#held.delete(job);
    await this.#redis.zrem(this.#key(product), job);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #take(job: string, product: string): Promise<boolean> {
    return (
      (await this.#redis.eval(takeSlot, 1, this.#key(product), job, this.#limit, this.#milliseconds)) === 1
    );
  }

  #key(product: string): string {
    return `bull:${this.#queue}:slots:${product}`;
  }
}
