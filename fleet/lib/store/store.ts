import { ReverseDistillationError } from "reverse-distillation";
import { FolderStore } from "./folder-store.js";

/** What goes into a store: a short text, or a file, which is refused if its SHA-256 is not the expected one. */
export type Content = { text: string } | { path: string; sha256?: string };

/**
 * Where images, models and results are: a folder that all machines mount, or a bucket. Names have folders, as in
 * "results/1f…". Every call rejects with `IO` if the store cannot be used. What a fulfilled promise wrote outlives a
 * power cut.
 */
export interface Store {
  /** How people call it. */
  readonly address: string;
  /** Whether there is something of this name. */
  has(name: string): Promise<boolean>;
  /** Writes something, as a whole or not at all, over what was there. */
  put(name: string, content: Content): Promise<void>;
  /** Writes a text if there is nothing of this name. Of several callers, one alone gets true. */
  create(name: string, text: string): Promise<boolean>;
  /** Reads a short text; undefined if there is nothing of this name. */
  read(name: string): Promise<string | undefined>;
  /** Puts a file to a path where there is none, as a copy or a link that must not be written to; false if there is nothing of this name. */
  fetch(name: string, path: string): Promise<boolean>;
  /** Removes something, if it is there. */
  remove(name: string): Promise<void>;
}

/**
 * Opens a store.
 *
 * @param address A folder, or "s3://bucket/prefix".
 * @param endpoint The URL of an S3 server that is not Amazon's.
 * @throws ReverseDistillationError `INVALID_ARGUMENT` for an address that is neither, `NOT_FOUND` if there is no such folder, `IO`
 */
export async function openStore(address: string, endpoint?: string): Promise<Store> {
  const [, bucket, prefix] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(address) ?? [];
  if (bucket === undefined && (/^[a-z0-9]+:\/\//i.test(address) || address === ""))
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `The store must be a folder or s3://bucket/prefix; got ${JSON.stringify(address)}.`,
    );
  if (bucket === undefined && endpoint !== undefined)
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `s3Endpoint (--s3-endpoint) is only valid with a store s3://bucket/prefix; got the store ${address}.`,
    );
  if (bucket === undefined) return FolderStore.open(address);
  // Amazon's SDK is large, and most fleets have a folder.
  const { S3Store } = await import("./s3-store.js");
  return new S3Store(bucket, prefix!, endpoint);
}

/**
 * Makes sure that a store can be written to, and that a file can be created once alone. Some S3 servers ignore the
 * condition that asks for it, and some file systems have no hard links; better to know before the first job.
 *
 * @throws ReverseDistillationError `IO`
 */
export async function requireOneWinner(store: Store): Promise<void> {
  const name = "check";
  await store.create(name, "Whether a file can be created once alone.\n");
  if (await store.create(name, "A second time.\n"))
    throw new ReverseDistillationError(
      "IO",
      `The store ${store.address} overwrites a file that must only be created if it is absent (If-None-Match), so a job ` +
        "could get two results. Use an S3 server with conditional writes, or a folder.",
    );
}
