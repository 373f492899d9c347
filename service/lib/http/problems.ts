import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Metrics } from "../metrics/metrics.js";
import { problemOf, problemType, refusalOf, type Refusal } from "../problems/problem.js";
import { ServiceError } from "../problems/service-error.js";

/** Answers errors, and paths that do not exist, with problem+json. */
export function addProblems(app: FastifyInstance, metrics: Metrics): void {
  const answer = (request: FastifyRequest, reply: FastifyReply, error: unknown) => {
    const refusal = refusalOf(error);
    if (refusal.status === 500) request.log.error({ err: error }, "a request failed");
    metrics.problem(refusal.code);
    return send(request, reply, refusal);
  };
  app.setErrorHandler((error, request, reply) => answer(request, reply, error));
  app.setNotFoundHandler((request, reply) =>
    answer(
      request,
      reply,
      new ServiceError("ROUTE_NOT_FOUND", `There is no ${request.method} ${request.url.split("?")[0]}.`),
    ),
  );
}

function send(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { status, headers, detail } = refusal;
  const body = problemOf(refusal, request.id);
  // Clients of the Open Inference Protocol read the message there.
  if (/^\/v2(\/|$|\?)/.test(request.url)) body.error = detail;
  if (status === 503) reply.header("retry-after", "1");
  return reply
    .status(status)
    .headers(headers)
    .serializer((value: unknown) => JSON.stringify(value))
    .type(problemType)
    .send(body);
}
