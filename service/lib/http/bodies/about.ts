import Type, { type Static } from "typebox";

const permissions = ["read", "inspect", "review", "admin"] as const;

/** What a caller needs to know of the service. */
export const AboutBody = Type.Object({
  version: Type.String({ description: "The version of the service." }),
  store: Type.Boolean({ description: "Whether results are kept." }),
  caller: Type.Union([Type.String(), Type.Null()], {
    description: "The name of the token that came with the request; null where there are no tokens.",
  }),
  may: Type.Array(Type.Enum([...permissions]), { description: "What the caller may do." }),
});

/** What a caller needs to know of the service. */
export type AboutBody = Static<typeof AboutBody>;
