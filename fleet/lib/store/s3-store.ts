import { createReadStream, createWriteStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  type GetObjectCommandOutput,
  type PutObjectCommandInput,
} from "@aws-sdk/client-s3";
import { ReverseDistillationError } from "reverse-distillation";
import { sha256Of } from "./digest.js";
import type { Content, Store } from "./store.js";

/**
 * A store in a bucket. An object is there as a whole or not at all. Credentials and region are found as in every program
 * with Amazon's SDK: in environment variables, in ~/.aws, or from the machine.
 */
export class S3Store implements Store {
  readonly address: string;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;

  constructor(bucket: string, prefix: string, endpoint: string | undefined) {
    this.#bucket = bucket;
    this.#prefix = prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
    this.address = `s3://${bucket}/${this.#prefix}`;
    this.#client = new S3Client({
      region: process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? "us-east-1",
      // Other servers seldom have a host name for each bucket, nor checksums of kinds that Amazon added later.
      ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
    });
  }

  async has(name: string): Promise<boolean> {
    return (
      (await this.#found("looking for", name, this.#client.send(new HeadObjectCommand(this.#at(name))))) !==
      undefined
    );
  }

  async put(name: string, content: Content): Promise<void> {
    await this.#put(name, content, {});
  }

  create(name: string, text: string): Promise<boolean> {
    return this.#put(name, { text }, { IfNoneMatch: "*" });
  }

  async read(name: string): Promise<string | undefined> {
    return (await this.#get(name))?.Body?.transformToString();
  }

  async fetch(name: string, path: string): Promise<boolean> {
    const object = await this.#get(name);
    if (object === undefined) return false;
    await this.#doing(
      "reading",
      name,
      pipeline(object.Body as Readable, createWriteStream(path, { flags: "wx" })),
    );
    return true;
  }

  async remove(name: string): Promise<void> {
    await this.#doing("removing", name, this.#client.send(new DeleteObjectCommand(this.#at(name))));
  }

  #at(name: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + name };
  }

  #get(name: string): Promise<GetObjectCommandOutput | undefined> {
    return this.#found("reading", name, this.#client.send(new GetObjectCommand(this.#at(name))));
  }

  /** @returns false if the conditions do not hold. */
  async #put(name: string, content: Content, conditions: Partial<PutObjectCommandInput>): Promise<boolean> {
    try {
      if ("text" in content) await this.#send(name, Buffer.from(content.text), conditions);
      else {
        // The file may be replaced meanwhile, as checkpoints are; what is open stays what it was.
        const file = await open(content.path, "r");
        try {
          const { size } = await file.stat();
          const stream = () => createReadStream("", { fd: file, start: 0, autoClose: false });
          const sha256 = content.sha256 ?? (await sha256Of(stream()));
          const checksum = Buffer.from(sha256, "hex").toString("base64");
          await this.#send(name, stream(), { ContentLength: size, ChecksumSHA256: checksum, ...conditions });
        } finally {
          await file.close();
        }
      }
      return true;
    } catch (error) {
      // 409: another one is creating it at this moment, and will have won.
      if (conditions.IfNoneMatch !== undefined && [409, 412].includes(statusOf(error) ?? 0)) return false;
      throw this.#failed("writing", name, error);
    }
  }

  async #send(name: string, body: Readable | Buffer, rest: Partial<PutObjectCommandInput>): Promise<void> {
    await this.#client.send(new PutObjectCommand({ ...this.#at(name), Body: body, ...rest }));
  }

  async #found<T>(doing: string, name: string, work: Promise<T>): Promise<T | undefined> {
    return this.#doing(doing, name, work).catch((error: unknown) => {
      if (statusOf((error as ReverseDistillationError).cause) === 404) return undefined;
      throw error;
    });
  }

  async #doing<T>(doing: string, name: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw this.#failed(doing, name, error);
    }
  }

  #failed(doing: string, name: string, error: unknown): ReverseDistillationError {
    const status = statusOf(error);
    const { name: kind, message } = error as Error;
    const said = `${kind}${status === undefined ? "" : `, status ${status}`}: ${message}`;
    return new ReverseDistillationError(
      "IO",
      `The store failed when ${doing} ${this.address}${name}: ${said}`,
      {
        cause: error,
      },
    );
  }
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}
