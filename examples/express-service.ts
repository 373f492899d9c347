/**
 * Verdicts in an Express application.
 *
 *   npx tsx express-service.ts parts.safetensors --port 8080
 *   curl --data-binary @parts/new/0815.png -H "Content-Type: image/png" http://127.0.0.1:8080/inspect
 *
 * It answers 200 with the verdict and the regions of defects, 415 if the body has no type of an image, 413 if it is too
 * large, 422 if it is no image, and 503 if more than `--max-queue` images are under way.
 * SIGTERM lets the requests under way finish.
 */
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import express, { type ErrorRequestHandler } from "express";
import { Detector, ReverseDistillationError } from "reverse-distillation";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { port: { type: "string", default: "8080" }, "max-queue": { type: "string", default: "64" } },
});
const [model] = positionals;
if (model === undefined) {
  console.error("usage: express-service.ts <model.safetensors> [--port 8080] [--max-queue 64]");
  process.exit(2);
}

const detector = await Detector.load(model, { batching: { maxQueue: Number(values["max-queue"]) } });
await detector.warmUp();

const app = express();
app.disable("x-powered-by");

app.post("/inspect", express.raw({ type: "image/*", limit: "16mb" }), async (request, response) => {
  if (!Buffer.isBuffer(request.body)) {
    response.status(415).json({ error: "Send an image, with its Content-Type." });
    return;
  }
  // Nobody waits for the answer once the client has gone.
  const left = new AbortController();
  response.once("close", () => left.abort());
  // Regions need thresholds: `train` calibrates them from 100 images on, and `detector.calibrate` at any time.
  const regions = detector.thresholds !== null;
  const result = await detector.score(request.body, { signal: left.signal, ...(regions && { regions: {} }) });
  const { score, verdict, pValue } = result;
  // A connection that is kept alive would delay the shutdown.
  if (!server.listening) response.set("Connection", "close");
  response.json({ score, verdict, pValue, regions: result.regions ?? [] });
});

/** What each code of the package means over HTTP. */
const statuses: Partial<Record<string, number>> = { INVALID_IMAGE: 422, QUEUE_FULL: 503, OUT_OF_MEMORY: 503 };

// Express tells error handlers by their four parameters.
const answerErrors: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent || response.destroyed) {
    next(error);
    return;
  }
  const status =
    error instanceof ReverseDistillationError
      ? (statuses[error.code] ?? 500)
      : ((error as { status?: number }).status ?? 500);
  if (status === 503) response.set("Retry-After", "1");
  if (status >= 500 && status !== 503) console.error(error);
  response.status(status).json({ error: status === 500 ? "The image could not be scored." : String(error) });
};
app.use(answerErrors);

const server = app.listen(Number(values.port), "127.0.0.1", () => {
  console.log(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    server.close(() => void detector.dispose());
    server.closeIdleConnections();
  });
}
