import Type from "typebox";
import { Problem } from "../../problems/problem.js";
import type { App, Parts } from "../app.js";
import { modelBodyOf, ModelBody, ModelsBody } from "../bodies/model.js";

const tags = ["Models"];

const failure = { description: "An error.", content: { "application/problem+json": { schema: Problem } } };
const params = Type.Object({ name: Type.String({ maxLength: 100 }) });

/** What is in the folder, and which version serves. */
export async function modelRoutes(app: App, { models }: Parts): Promise<void> {
  app.get(
    "/models",
    {
      schema: { tags, summary: "All models", response: { 200: ModelsBody } },
      config: { permission: "read" },
    },
    async () => ({
      models: models.models.map(modelBodyOf),
      misnamed: [...models.misnamed].map(([file, reason]) => ({ file, reason })),
    }),
  );

  const one = { tags, params, response: { 200: ModelBody, default: failure } };
  app.get(
    "/models/:name",
    { schema: { ...one, summary: "A model and its versions" }, config: { permission: "read" } },
    async (request) => modelBodyOf(models.model(request.params.name)),
  );
  app.put(
    "/models/:name/serving",
    {
      schema: {
        ...one,
        summary: "Serve this version, also after a restart",
        body: Type.Object({ version: Type.Integer({ minimum: 1 }) }),
      },
      config: { permission: "admin" },
    },
    async (request) => {
      const { name } = request.params;
      await models.pin(name, request.body.version);
      return modelBodyOf(models.model(name));
    },
  );
  app.delete(
    "/models/:name/serving",
    { schema: { ...one, summary: "Serve the newest version again" }, config: { permission: "admin" } },
    async (request) => {
      const { name } = request.params;
      await models.pin(name, undefined);
      return modelBodyOf(models.model(name));
    },
  );
}
