import Type, { type Static } from "typebox";
import type { Model } from "../../models/model.js";

/** A model and its versions as they are answered. */
export const ModelBody = Type.Object({
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

/** A model and its versions as they are answered. */
export type ModelBody = Static<typeof ModelBody>;

/** All models. */
export const ModelsBody = Type.Object({
  models: Type.Array(ModelBody),
  misnamed: Type.Array(Type.Object({ file: Type.String(), reason: Type.String() }), {
    description: "Files that cannot be used because of their names.",
  }),
});

/** All models. */
export type ModelsBody = Static<typeof ModelsBody>;

/** A model as clients see it. */
export function modelBodyOf({ name, serving, pin, status }: Model): ModelBody {
  return { name, serving: serving?.version ?? null, pinned: pin ?? null, versions: status };
}
