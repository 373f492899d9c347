import type { FastifyInstance } from "fastify";
import { ServiceError } from "../problems/service-error.js";

declare module "fastify" {
  interface FastifyRequest {
    /** Aborted when the answer would come too late, or nobody waits for it any more. */
    deadline: AbortSignal;
    /** When the headers had arrived, by `performance.now()`. */
    arrived: number;
  }
}

/** Gives every request a signal that is aborted after a time, or when its client has gone. */
export function addDeadlines(app: FastifyInstance, ms: number): void {
  app.decorateRequest("deadline", null as unknown as AbortSignal);
  app.decorateRequest("arrived", 0);
  app.addHook("onRequest", async (request, reply) => {
    request.arrived = performance.now();
    const controller = new AbortController();
    request.deadline = controller.signal;
    const timer = setTimeout(() => {
      controller.abort(new ServiceError("DEADLINE_EXCEEDED", `The answer was not ready within ${ms} ms.`));
    }, ms);
    reply.raw.once("close", () => {
      clearTimeout(timer);
      if (!reply.raw.writableFinished)
        controller.abort(new ServiceError("CLIENT_GONE", "The client closed the connection."));
    });
  });
}
