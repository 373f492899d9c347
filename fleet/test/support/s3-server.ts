import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** The credentials that requests must be signed with. */
export const credentials = { AWS_ACCESS_KEY_ID: "test-key", AWS_SECRET_ACCESS_KEY: "test-secret" };

/**
 * The part of S3 that the store uses, in memory: PUT with `If-None-Match: *` and checksums, GET, HEAD and DELETE of
 * objects in one bucket. Every request's signature (AWS Signature Version 4) is computed again and compared.
 */
export class S3Server {
  readonly objects = new Map<string, Buffer>();
  /** Whether it ignores the condition that an object must not exist, as older servers do. */
  ignoresConditions = false;
  /** The status of the next answers, instead of the right one. */
  readonly failures: number[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<S3Server> {
    const server = new S3Server();
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const failure = this.failures.shift();
    const [status, content] = failure === undefined ? this.#handle(request, body) : [failure, undefined];
    response.writeHead(status, { "content-length": content?.length ?? 0 });
    response.end(request.method === "HEAD" ? undefined : content);
  }

  #handle(request: IncomingMessage, body: Buffer): [status: number, content?: Buffer] {
    if (!isSigned(request, body)) return [403];
    const key = new URL(request.url!, "http://host").pathname;
    const found = this.objects.get(key);
    switch (request.method) {
      case "PUT": {
        const checksum = request.headers["x-amz-checksum-sha256"];
        if (checksum !== undefined && checksum !== createHash("sha256").update(body).digest("base64"))
          return [400];
        if (request.headers["if-none-match"] === "*" && found !== undefined && !this.ignoresConditions)
          return [412];
        this.objects.set(key, body);
        return [200];
      }
      case "GET":
      case "HEAD":
        return found === undefined ? [404] : [200, found];
      case "DELETE":
        this.objects.delete(key);
        return [204];
      default:
        return [405];
    }
  }
}

/** Computes a request's signature as the definition says, and compares it with the one that it has. */
function isSigned({ method, url, headers }: IncomingMessage, body: Buffer): boolean {
  const [, scope, names, signature] =
    /^AWS4-HMAC-SHA256 Credential=test-key\/(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? "",
    ) ?? [];
  if (scope === undefined) return false;
  const digest = headers["x-amz-content-sha256"] as string;
  const sha256 = (data: Buffer | string) => createHash("sha256").update(data).digest("hex");
  if (digest !== "UNSIGNED-PAYLOAD" && digest !== sha256(body)) return false;
  const { pathname, searchParams } = new URL(url!, "http://host");
  searchParams.sort();
  const signed = names!.split(";").map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const canonical = [method, pathname, searchParams.toString(), signed.join(""), names, digest].join("\n");
  const text = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, sha256(canonical)].join("\n");
  const hmac = (key: Buffer | string, data: string) => createHmac("sha256", key).update(data).digest();
  const key = scope.split("/").reduce<Buffer | string>(hmac, `AWS4${credentials.AWS_SECRET_ACCESS_KEY}`);
  return hmac(key, text).toString("hex") === signature;
}
