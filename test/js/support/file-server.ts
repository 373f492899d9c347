import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ExecutionContext } from "ava";

/** An HTTP server on this machine alone, and the ranges that it was asked for. */
export interface FileServer {
  url: string;
  /** The header `range` of every request; undefined where a request has none. */
  ranges: (string | undefined)[];
}

/** Serves until the test ends. */
export async function serve(t: ExecutionContext, listener: RequestListener): Promise<FileServer> {
  const ranges: FileServer["ranges"] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/models`, ranges };
}

/** Answers as an honest server that knows ranges. @param limit Bytes after which the connection is cut. */
export function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  content: Buffer,
  limit = Infinity,
): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  if (from >= content.length) {
    response.writeHead(416, { "content-range": `bytes */${content.length}` }).end();
    return;
  }
  const rest = content.subarray(from);
  const headers = { "content-length": rest.length };
  if (from === 0) response.writeHead(200, headers);
  else {
    const range = `bytes ${from}-${content.length - 1}/${content.length}`;
    response.writeHead(206, { ...headers, "content-range": range });
  }
  if (rest.length <= limit) response.end(rest);
  else response.write(rest.subarray(0, limit), () => setTimeout(() => response.destroy(), 20));
}
