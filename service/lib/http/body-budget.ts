import type { FastifyInstance } from "fastify";
import { ServiceError } from "../problems/service-error.js";

/**
 * Limits the bodies of all unfinished requests together, before they are read. A body of unknown length counts as one of
 * the largest size.
 */
export function addBodyBudget(app: FastifyInstance, mostBody: number, mostBodies: number): void {
  let held = 0;
  app.addHook("onRequest", async (request, reply) => {
    const { "content-length": length, "transfer-encoding": encoding } = request.headers;
    const bytes = length === undefined ? (encoding === undefined ? 0 : mostBody) : Number(length);
    if (bytes === 0) return;
    if (held > 0 && held + bytes > mostBodies)
      throw new ServiceError(
        "OVERLOADED",
        `The bodies of unfinished requests take ${held} bytes. Try again later.`,
        {
          "retry-after": "1",
        },
      );
    held += bytes;
    reply.raw.once("close", () => (held -= bytes));
  });
}
