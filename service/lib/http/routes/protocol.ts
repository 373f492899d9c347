import { randomUUID } from "node:crypto";
import Type from "typebox";
import { Problem } from "../../problems/problem.js";
import { ServiceError } from "../../problems/service-error.js";
import { imagesOf, inputs, outputsFor, outputsOf } from "../../tensors/detector-tensors.js";
import { readInferRequest } from "../../tensors/infer-request.js";
import { writeInferResponse } from "../../tensors/infer-response.js";
import { version as serviceVersion } from "../../version.js";
import type { App, Parts } from "../app.js";
import { ModelParameters } from "../parameters.js";
import { stationOf } from "../station.js";

const tags = ["Open Inference Protocol"];
const headerLength = "inference-header-content-length";

const Tensors = Type.Array(
  Type.Object({ name: Type.String(), datatype: Type.String(), shape: Type.Array(Type.Integer()) }),
);

const failure = { description: "An error.", content: { "application/problem+json": { schema: Problem } } };
const binary = { schema: Type.Unsafe<unknown>({}) };

/** The paths of a model and of each of its versions. */
const paths = (rest: string) => [`/v2/models/:name${rest}`, `/v2/models/:name/versions/:version${rest}`];

/** The Open Inference Protocol, version 2, over HTTP, with the extension for binary tensors. */
export async function protocolRoutes(app: App, { models, inspector, settings }: Parts): Promise<void> {
  app.removeAllContentTypeParsers();
  // Clients may send any content type, and some send none.
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_, body, done) => done(null, body));

  const server = Type.Object({
    name: Type.String(),
    version: Type.String(),
    extensions: Type.Array(Type.String()),
  });
  app.get(
    "/v2",
    {
      schema: { tags, summary: "Server metadata", response: { 200: server } },
      config: { permission: "read" },
    },
    async () => ({
      name: "reverse-distillation",
      version: serviceVersion,
      extensions: ["binary_tensor_data"],
    }),
  );

  const metadata = {
    tags,
    summary: "Model metadata",
    params: ModelParameters,
    response: {
      200: Type.Object({
        name: Type.String(),
        versions: Type.Array(Type.String()),
        platform: Type.String(),
        inputs: Tensors,
        outputs: Tensors,
      }),
      default: failure,
    },
  };
  for (const path of paths(""))
    app.get(path, { schema: metadata, config: { permission: "read" } }, async ({ params }) => {
      const { detector } = models.find(params.name, params.version);
      const loaded = models.model(params.name).newestFirst.filter((entry) => entry.loaded);
      return {
        name: params.name,
        versions: loaded.map(({ version }) => String(version)),
        platform: "reverse-distillation_safetensors",
        inputs: [...inputs],
        outputs: outputsOf(detector),
      };
    });

  const readiness = {
    tags,
    summary: "Model readiness",
    params: ModelParameters,
    response: { 200: Type.Object({ name: Type.String(), ready: Type.Boolean() }), default: failure },
  };
  for (const path of paths("/ready"))
    app.get(path, { schema: readiness, config: { permission: "read" } }, async ({ params }) => ({
      name: models.find(params.name, params.version).name,
      ready: true,
    }));

  const infer = {
    tags,
    summary: "Inference",
    description:
      "The input is image (encoded files; in JSON as base64) or pixels (raw pixels). The outputs are score, map and, with " +
      "thresholds, verdict and p_value.",
    params: ModelParameters,
    headers: Type.Object({
      [headerLength]: Type.Optional(
        Type.String({ description: "The bytes of JSON in the body, if those of tensors follow." }),
      ),
    }),
    body: { content: { "application/json": binary, "application/octet-stream": binary } },
    response: {
      200: {
        description: "$inference_response of the Open Inference Protocol, version 2.",
        content: { "application/json": binary, "application/octet-stream": binary },
      },
      default: failure,
    },
  };
  for (const path of paths("/infer"))
    app.post(path, { schema: infer, config: { permission: "inspect" } }, async (request, reply) => {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const asked = readInferRequest(body, request.headers[headerLength]);
      const { name } = request.params;
      const by = models.find(name, request.params.version);
      const images = imagesOf(asked.inputs, settings.queue, settings.maxPixels);
      // If one image fails, the others are not worth their time.
      const failed = new AbortController();
      const signal = AbortSignal.any([request.deadline, failed.signal]);
      const common = {
        model: name,
        version: by.version,
        time: new Date(),
        station: stationOf(request, undefined, settings),
        signal,
      };
      const scores = await Promise.all(
        images.map((image) => inspector.inspect({ ...common, id: randomUUID(), image })),
      ).catch((error: unknown) => {
        failed.abort(new ServiceError("INVALID_REQUEST", "Another image of the request failed."));
        throw error;
      });
      const written = writeInferResponse(
        {
          model_name: name,
          model_version: String(by.version),
          ...(asked.id !== undefined && { id: asked.id }),
        },
        outputsFor(
          by.detector,
          scores.map(({ score }) => score),
          asked,
        ),
      );
      if (written.headerLength !== undefined) reply.header(headerLength, written.headerLength);
      return reply
        .type(written.headerLength === undefined ? "application/json" : "application/octet-stream")
        .send(written.body);
    });
}
