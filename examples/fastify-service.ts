/**
 * Verdicts in a Fastify application.
 *
 *   npx tsx fastify-service.ts parts.safetensors --port 8080
 *   curl --data-binary @parts/new/0815.png -H "Content-Type: image/png" http://127.0.0.1:8080/inspect
 *
 * It answers 200 with the verdict and the regions of defects, 415 if the body has no type of an image, 413 if it is too
 * large, 422 if it is no image, and 503 if more than `--max-queue` images are under way.
 * SIGTERM lets the requests under way finish.
 */
import { parseArgs } from "node:util";
import fastify from "fastify";
import { Detector, ReverseDistillationError } from "reverse-distillation";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { port: { type: "string", default: "8080" }, "max-queue": { type: "string", default: "64" } },
});
const [model] = positionals;
if (model === undefined) {
  console.error("usage: fastify-service.ts <model.safetensors> [--port 8080] [--max-queue 64]");
  process.exit(2);
}

const detector = await Detector.load(model, { batching: { maxQueue: Number(values["max-queue"]) } });
await detector.warmUp();

const app = fastify({ bodyLimit: 16 * 2 ** 20, forceCloseConnections: "idle" });
// Only images: a text would be the path of a file to the detector.
app.removeAllContentTypeParsers();
app.addContentTypeParser(/^image\//, { parseAs: "buffer" }, (_request, body, done) => done(null, body));

app.post<{ Body: Buffer | undefined }>("/inspect", async (request, reply) => {
  if (request.body === undefined)
    return reply.status(415).send({ error: "Send an image, with its Content-Type." });
  // Nobody waits for the answer once the client has gone.
  const left = new AbortController();
  reply.raw.once("close", () => left.abort());
  // Regions need thresholds: `train` calibrates them from 100 images on, and `detector.calibrate` at any time.
  const regions = detector.thresholds !== null;
  const result = await detector.score(request.body, { signal: left.signal, ...(regions && { regions: {} }) });
  const { score, verdict, pValue } = result;
  // A connection that is kept alive would delay the shutdown.
  if (!app.server.listening) void reply.header("Connection", "close");
  return { score, verdict, pValue, regions: result.regions ?? [] };
});

/** What each code of the package means over HTTP. */
const statuses: Partial<Record<string, number>> = { INVALID_IMAGE: 422, QUEUE_FULL: 503, OUT_OF_MEMORY: 503 };

app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
  const status =
    error instanceof ReverseDistillationError ? (statuses[error.code] ?? 500) : (error.statusCode ?? 500);
  if (status === 503) void reply.header("Retry-After", "1");
  if (status >= 500 && status !== 503) console.error(error);
  return reply
    .status(status)
    .send({ error: status === 500 ? "The image could not be scored." : String(error) });
});
app.addHook("onClose", () => detector.dispose());

await app.listen({ port: Number(values.port), host: "127.0.0.1" });
console.log(`Listening on ${app.listeningOrigin}`);
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void app.close());
