import Type from "typebox";
import { Problem } from "../../problems/problem.js";
import { ServiceError } from "../../problems/service-error.js";
import type { App, Parts } from "../app.js";

const tags = ["Health"];

/** Health, as probes ask for it: without a token. */
export async function healthRoutes(app: App, { models, state }: Parts): Promise<void> {
  app.get(
    "/v2/health/live",
    {
      schema: { tags, summary: "The process runs", response: { 200: Type.Object({ live: Type.Boolean() }) } },
      config: { permission: null },
    },
    async () => ({ live: true }),
  );
  app.get(
    "/v2/health/ready",
    {
      schema: {
        tags,
        summary: "Every model has a version that serves",
        response: {
          200: Type.Object({ ready: Type.Boolean() }),
          503: {
            description: "Not yet, or no longer.",
            content: { "application/problem+json": { schema: Problem } },
          },
        },
      },
      config: { permission: null },
    },
    async () => {
      if (state.draining) throw new ServiceError("SHUTTING_DOWN", "The service ends.");
      if (models.models.length === 0) throw new ServiceError("MODEL_NOT_READY", "There is no model.");
      if (models.models.some(({ serving }) => serving === undefined))
        throw new ServiceError("MODEL_NOT_READY", "A model has no version that could be loaded.");
      return { ready: true };
    },
  );
}
