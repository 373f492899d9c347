import Type from "typebox";
import type { App, Parts } from "../app.js";

/** What is read by programs about the service itself: its metrics and its routes. */
export async function documentRoutes(app: App, { metrics }: Parts): Promise<void> {
  app.get(
    "/metrics",
    {
      schema: {
        tags: ["Documents"],
        summary: "Metrics for Prometheus",
        response: {
          200: { description: "Metrics.", content: { "text/plain": { schema: Type.Unsafe<unknown>({}) } } },
        },
      },
      config: { permission: "read" },
    },
    async (_, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
  app.get(
    "/openapi.json",
    {
      schema: {
        tags: ["Documents"],
        summary: "This document",
        response: { 200: Type.Unsafe<unknown>({ type: "object", additionalProperties: true }) },
      },
      config: { permission: "read" },
    },
    async () => app.swagger(),
  );
}
