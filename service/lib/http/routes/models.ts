import Type from "typebox";
import { Problem } from "../../problems/problem.js";
import type { Model } from "../../models/model.js";
import type { App, Parts } from "../app.js";

const tags = ["Models"];

const ModelBody = Type.Object({
  name: Type.String(),
  serving: Type.Union([Type.Integer(), Type.Null()], { description: "The version that answers." }),
  pinned: Type.Union([Type.Integer(), Type.Null()], {
    description: "The version that was chosen; null if the newest serves.",
  }),
  versions: Type.Array(
    Type.Object({
      version: Type.Integer(),
      state: Type.Enum(["serving", "loaded", "kept", "refused"], {
        description:
          "serving answers requests that name no version, loaded those that name it; kept is in the folder but not in " +
          "memory; refused could not be loaded.",
      }),
      reason: Type.Optional(Type.String({ description: "Why the content of its file could not be loaded." })),
      loadedAt: Type.Optional(Type.String()),
    }),
  ),
});

const failure = { description: "An error.", content: { "application/problem+json": { schema: Problem } } };
const params = Type.Object({ name: Type.String({ maxLength: 100 }) });

/** What is in the folder, and which version serves. */
export async function modelRoutes(app: App, { models }: Parts): Promise<void> {
  const list = Type.Object({
    models: Type.Array(ModelBody),
    misnamed: Type.Array(Type.Object({ file: Type.String(), reason: Type.String() }), {
      description: "Files that cannot be used because of their names.",
    }),
  });
  app.get(
    "/models",
    { schema: { tags, summary: "All models", response: { 200: list } }, config: { permission: "read" } },
    async () => ({
      models: models.models.map(bodyOf),
      misnamed: [...models.misnamed].map(([file, reason]) => ({ file, reason })),
    }),
  );

  const one = { tags, params, response: { 200: ModelBody, default: failure } };
  app.get(
    "/models/:name",
    { schema: { ...one, summary: "A model and its versions" }, config: { permission: "read" } },
    async (request) => bodyOf(models.model(request.params.name)),
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
      return bodyOf(models.model(name));
    },
  );
  app.delete(
    "/models/:name/serving",
    { schema: { ...one, summary: "Serve the newest version again" }, config: { permission: "admin" } },
    async (request) => {
      const { name } = request.params;
      await models.pin(name, undefined);
      return bodyOf(models.model(name));
    },
  );
}

function bodyOf({ name, serving, pin, status }: Model) {
  return { name, serving: serving?.version ?? null, pinned: pin ?? null, versions: status };
}
