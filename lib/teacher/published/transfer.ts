import type { PartialFile } from "./partial-file.js";
import { Watchdog } from "./watchdog.js";

/** How long is waited, in milliseconds. */
export interface Timeouts {
  /** For the beginning of an answer. */
  answer: number;
  /** For the next bytes. */
  stall: number;
}

/** Bytes that are there, and how many it will be; undefined where the server does not say. */
export type ByteProgress = (bytes: number, total: number | undefined) => void;

export interface TransferOptions {
  url: URL;
  /** The most bytes that are taken. */
  maxBytes: number;
  timeouts: Timeouts;
  signal: AbortSignal | undefined;
  onProgress: ByteProgress;
}

/** Why a transfer did not come to its end, and whether another one may. */
export class TransferError extends Error {
  override readonly name = "TransferError";
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean, cause?: unknown) {
    super(message, { cause });
    this.retryable = retryable;
  }
}

/**
 * Fetches by HTTP what is missing of a file, from where the part that is there ends; from the beginning
 * where the server does not go along with that. What came stays in the part, whatever happens after.
 *
 * @throws TransferError; the reason of the caller's signal; what the file system throws.
 */
export async function transfer(part: PartialFile, options: TransferOptions): Promise<void> {
  const { url, maxBytes, timeouts, signal, onProgress } = options;
  const watchdog = new Watchdog(signal);
  try {
    watchdog.expect("the server did not answer", timeouts.answer);
    const response = await request(url, part.length, watchdog);
    const total = await agree(response, part);
    if (total === part.length) return;
    if (total !== undefined && total > maxBytes) throw tooLong(maxBytes);
    onProgress(part.length, total);
    for await (const chunk of body(response, watchdog, timeouts.stall)) {
      if (part.length + chunk.byteLength > (total ?? maxBytes)) throw tooLong(total ?? maxBytes);
      await part.append(chunk);
      onProgress(part.length, total);
    }
    if (total !== undefined && part.length < total) {
      throw new TransferError(`the connection ended after ${part.length} of ${total} bytes`, true);
    }
  } finally {
    watchdog.stop();
  }
}

async function request(url: URL, from: number, { signal }: Watchdog): Promise<Response> {
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (from > 0) headers.range = `bytes=${from}-`;
  try {
    return await fetch(url, { headers, signal });
  } catch (error) {
    // Without an answer there is no network, or no such server: to try again at once would only take time.
    throw failure(error, signal, false);
  }
}

/** Brings the part to where the answer begins. @returns bytes of the whole file, where the server says it. */
async function agree(response: Response, part: PartialFile): Promise<number | undefined> {
  const { status, headers } = response;
  if (status === 200) {
    await part.clear();
    const length = headers.get("content-length");
    return length === null ? undefined : Number(length);
  }
  const range = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
  const total = range?.[2] === undefined || range[2] === "*" ? undefined : Number(range[2]);
  if (status === 206 && Number(range?.[1]) === part.length) return total;
  // There is nothing after the part's end where the part is the whole file.
  if (status === 416 && part.length > 0 && total === part.length) return total;
  if (status === 206 || status === 416) {
    await part.clear();
    throw new TransferError(`the server answered ${status} with another range than it was asked for`, true);
  }
  const retryable = status >= 500 || status === 429;
  throw new TransferError(`the server answered ${status} ${response.statusText}`.trimEnd(), retryable);
}

async function* body(response: Response, watchdog: Watchdog, stall: number): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  for (;;) {
    watchdog.expect("nothing more came", stall);
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw failure(error, watchdog.signal, true);
    });
    if (done) return;
    yield value;
  }
}

function tooLong(bytes: number): TransferError {
  return new TransferError(`the server sends more than ${bytes} bytes, which cannot be the file`, false);
}

function failure(error: unknown, signal: AbortSignal, retryable: boolean): TransferError {
  const reason: unknown = signal.aborted ? signal.reason : error;
  return new TransferError(describe(reason), retryable, reason);
}

/** `fetch` hides what happened in the cause. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause: unknown = error.cause;
  if (!(cause instanceof Error)) return error.message;
  const code = (cause as NodeJS.ErrnoException).code;
  // Where several addresses were tried, the message is empty.
  return cause.message || code || error.message;
}
