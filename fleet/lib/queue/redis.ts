import { Redis } from "ioredis";
import { ReverseDistillationError } from "reverse-distillation";

/** How long a first connection may take, in milliseconds. */
const connectTimeout = 10_000;

/** The longest wait between attempts to connect again, in milliseconds. */
const longestWait = 2000;

/**
 * Connects to Redis. Once connected, an outage is ridden out: commands wait until Redis is back.
 *
 * @param address redis://, or rediss:// for TLS, or the path of a socket.
 * @param lost Called with each error of the connection.
 * @throws ReverseDistillationError `INVALID_ARGUMENT`, `IO` if Redis cannot be reached.
 */
export async function connectRedis(address: string, lost: (error: Error) => void): Promise<Redis> {
  if (!/^(rediss?:\/\/|\/)/.test(address) || (!address.startsWith("/") && !URL.canParse(address)))
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `The address of Redis must be redis://host:port, rediss://host:port or the path of a socket; got ${JSON.stringify(withoutPassword(address))}.`,
    );
  const redis = new Redis(address, {
    lazyConnect: true,
    connectTimeout,
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(times * 100, longestWait),
  });
  let first: Error | undefined;
  redis.on("error", (error: Error) => {
    first ??= error;
    lost(error);
  });
  try {
    await redis.connect();
    return redis;
  } catch (error) {
    redis.disconnect();
    throw new ReverseDistillationError(
      "IO",
      `Redis at ${withoutPassword(address)} cannot be reached: ${(first ?? (error as Error)).message}.`,
      { cause: error },
    );
  }
}

function withoutPassword(address: string): string {
  return address.replace(/\/\/.*@/, "//");
}
