/**
 * An HTTP service that scores the images posted to it.
 *
 *   npx tsx http-service.ts parts.safetensors --port 8080
 *   curl --data-binary @parts/new/0815.png http://127.0.0.1:8080/score
 *
 * It answers 200 with the score and the most anomalous pixel, 422 if the body is not an image, and 503 if more than
 * `--max-queue` images are under way. If a client disconnects, its image is dropped. SIGTERM and Ctrl-C let the
 * requests under way finish.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { Detector, ReverseDistillationError } from "reverse-distillation";

/** The largest image accepted, in bytes. */
const maxBytes = 16e6;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { port: { type: "string", default: "8080" }, "max-queue": { type: "string", default: "64" } },
});
const [model] = positionals;
if (model === undefined) {
  console.error("usage: http-service.ts <model.safetensors> [--port 8080] [--max-queue 64]");
  process.exit(2);
}

const detector = await Detector.load(model, { batching: { maxQueue: Number(values["max-queue"]) } });
await detector.warmUp();
const server = createServer((request, response) => void handle(request, response));
server.listen(Number(values.port), "127.0.0.1", () => {
  console.log(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => server.close(() => void detector.dispose()));
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== "POST" || request.url !== "/score") {
    reply(response, 404, { error: "POST an image to /score." });
    return;
  }
  if (!(Number(request.headers["content-length"]) <= maxBytes)) {
    reply(response, 413, { error: `Send an image of at most ${maxBytes} bytes, with its Content-Length.` });
    return;
  }
  const left = new AbortController();
  response.once("close", () => left.abort(new Error("the client disconnected")));
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { score, map } = await detector.score(Buffer.concat(chunks), { signal: left.signal });
    const worst = map.data.indexOf(score);
    reply(response, 200, { score, x: worst % map.width, y: Math.floor(worst / map.width) });
  } catch (error) {
    if (left.signal.aborted) console.log("dropped: the client disconnected");
    else replyWith(response, error);
  }
}

function replyWith(response: ServerResponse, error: unknown): void {
  const code = error instanceof ReverseDistillationError ? error.code : undefined;
  if (code === "INVALID_IMAGE") {
    reply(response, 422, { error: (error as Error).message });
  } else if (code === "QUEUE_FULL") {
    response.setHeader("retry-after", "1");
    reply(response, 503, { error: "Busy: try again later." });
  } else {
    console.error(error);
    reply(response, 500, { error: "The image could not be scored." });
  }
}

function reply(response: ServerResponse, status: number, body: object): void {
  // A connection that is kept alive would delay the shutdown.
  if (!server.listening || status === 413) response.setHeader("connection", "close");
  response.writeHead(status, { "content-type": "application/json" });
  response.end(`${JSON.stringify(body)}\n`);
}
