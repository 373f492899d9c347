import Type from "typebox";

/** The model of a path, and its version, if the path has one. */
export const ModelParameters = Type.Object({
  name: Type.String({ maxLength: 100, description: "The model." }),
  version: Type.Optional(
    Type.Integer({ minimum: 1, description: "Its version; the one that is served if left out." }),
  ),
});
