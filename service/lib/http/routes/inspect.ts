import multipart from "@fastify/multipart";
import type { FastifyReply, FastifyRequest } from "fastify";
import { drawHeatmap, type ImageInput } from "reverse-distillation";
import Type from "typebox";
import type { Inspected } from "../../models/inspector.js";
import { scaleEndOf } from "../../models/scale-end.js";
import { Problem } from "../../problems/problem.js";
import { ServiceError } from "../../problems/service-error.js";
import { toNpy } from "../../tensors/npy.js";
import type { App, Parts } from "../app.js";
import { imageOf } from "../image-body.js";
import { Inspection } from "../inspection.js";
import { ModelParameters } from "../parameters.js";
import { PixelLayout } from "../raw-pixels.js";
import { stationOf, StationQuery } from "../station.js";

/** What can be answered: the first is preferred. */
const answers = ["application/json", "image/png", "image/webp", "application/x-npy"] as const;

const binary = { schema: Type.Unsafe<unknown>({}) };

const Query = Type.Object({ ...PixelLayout.properties, ...StationQuery.properties });

/** `POST /models/{name}/inspect`: an image in, a verdict out. */
export async function inspectRoutes(app: App, parts: Parts): Promise<void> {
  const { settings, inspector, metrics } = parts;
  app.removeAllContentTypeParsers();
  await app.register(multipart, {
    limits: { files: 1, fileSize: settings.maxBody, fields: 16, fieldSize: 4096, parts: 17 },
  });
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_, body, done) => done(null, body));

  const schema = {
    tags: ["Inspection"],
    summary: "Inspect an image",
    description:
      "The image is an encoded file, as the body or as a file of a form, or raw pixels, whose size is in the query. Accept " +
      "decides on the answer: the result as JSON, the image with its anomaly map on top (image/png, image/webp), or the " +
      "map as float32 in NumPy's format (application/x-npy). Answers that are not JSON have the result in headers.",
    params: ModelParameters,
    querystring: Query,
    body: {
      content: {
        "image/*": binary,
        "application/octet-stream": binary,
        "multipart/form-data": binary,
      },
    },
    response: {
      200: {
        description: "The result.",
        content: {
          "application/json": { schema: Inspection },
          "image/png": binary,
          "image/webp": binary,
          "application/x-npy": binary,
        },
      },
      default: { description: "An error.", content: { "application/problem+json": { schema: Problem } } },
    },
  };

  for (const path of ["/models/:name/inspect", "/models/:name/versions/:version/inspect"])
    app.post(path, { schema, config: { permission: "inspect" } }, async (request, reply) => {
      const answer = request.accepts().type([...answers]) as (typeof answers)[number] | false;
      if (answer === false)
        throw new ServiceError("NOT_ACCEPTABLE", `The answer can be one of ${answers.join(", ")}.`);
      const { name, version } = request.params;
      const image = await imageOf(request, request.query, settings.maxPixels);
      const receiveMs = performance.now() - request.arrived;
      metrics.stage("receive", name, receiveMs);
      const { deadline: signal } = request;
      const { id } = request;
      const station = stationOf(request, request.query.station, settings);
      const time = new Date(Date.now() - receiveMs);
      const inspected = await inspector.inspect({
        ...{ id, time, station, model: name, version, image, signal },
        regions: true,
      });
      const body = bodyOf(request, inspected, receiveMs);
      request.log.info(
        { model: name, version: body.version, verdict: body.verdict, score: body.score, pValue: body.pValue },
        "inspected",
      );
      if (answer === "application/json") return body;
      describe(reply, body);
      reply.type(answer);
      if (answer === "application/x-npy") return reply.send(toNpy(inspected.score.map));
      return reply.send(await overlay(image, inspected, answer === "image/webp" ? "webp" : "png", signal));
    });

  async function overlay(
    image: ImageInput,
    { by, score: { map, regions = [] } }: Inspected,
    format: "png" | "webp",
    signal: AbortSignal,
  ): Promise<Buffer> {
    const start = performance.now();
    const { thresholds, config } = by.detector;
    const scaleEnd = scaleEndOf(thresholds);
    const drawn = await drawHeatmap(image, map, {
      format,
      levels: config.levels,
      outlines: regions.flatMap(({ polygon }) => polygon),
      ...(scaleEnd !== undefined && { scaleEnd }),
      maxPixels: settings.maxPixels,
      signal,
    });
    metrics.stage("draw", by.name, performance.now() - start);
    return drawn;
  }
}

function bodyOf(
  request: FastifyRequest,
  { by, score, drift, scoreMs }: Inspected,
  receiveMs: number,
): Inspection {
  const totalMs = performance.now() - request.arrived;
  return {
    id: request.id,
    model: by.name,
    version: by.version,
    verdict: score.verdict,
    score: score.score,
    pValue: score.pValue,
    regions: score.regions ?? [],
    drift,
    times: { received: new Date(Date.now() - totalMs).toISOString(), receiveMs, scoreMs, totalMs },
  };
}

/** Says in headers what an answer that is not JSON cannot say. */
function describe(reply: FastifyReply, { id, model, version, verdict, score, pValue }: Inspection): void {
  const values = { id, model, version, verdict, score, "p-value": pValue };
  for (const [name, value] of Object.entries(values))
    if (value !== null) reply.header(`inspection-${name}`, String(value));
}
