import Type from "typebox";
import { Problem } from "../../problems/problem.js";
import { decisions } from "../../store/part.js";
import { verdicts } from "../../verdicts.js";
import type { App, Parts } from "../app.js";
import { partBodyOf, PartBody, PartsBody } from "../bodies/part.js";
import { storeOf } from "../store-of.js";

const tags = ["Parts"];
const AnyVerdict = Type.Enum([...verdicts, "none"]);

const Query = Type.Object({
  model: Type.Optional(Type.String({ maxLength: 100 })),
  version: Type.Optional(Type.Integer({ minimum: 1 })),
  verdict: Type.Optional(
    Type.Union([AnyVerdict, Type.Array(AnyVerdict, { minItems: 1, maxItems: 4 })], {
      description: "One of these, if it is given several times. none: those of models without thresholds.",
    }),
  ),
  station: Type.Optional(Type.String({ maxLength: 64 })),
  from: Type.Optional(Type.String({ format: "date-time", description: "Inspected then or later." })),
  to: Type.Optional(Type.String({ format: "date-time", description: "Inspected before." })),
  reviewed: Type.Optional(Type.Boolean({ description: "Whether somebody has reviewed them." })),
  good: Type.Optional(
    Type.Boolean({ description: "Whether they are good in the eyes of who reviewed them." }),
  ),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  cursor: Type.Optional(
    Type.String({ pattern: "^[1-9][0-9]{0,14}$", description: "The `next` of the page before." }),
  ),
});

const failure = { description: "An error.", content: { "application/problem+json": { schema: Problem } } };
const params = Type.Object({ id: Type.String({ maxLength: 100, description: "The part." }) });

/** The results that are kept. */
export async function partRoutes(app: App, parts: Parts): Promise<void> {
  app.get(
    "/parts",
    {
      schema: {
        tags,
        summary: "Parts that were inspected",
        querystring: Query,
        response: { 200: PartsBody, default: failure },
      },
      config: { permission: "read" },
    },
    async ({ query: { from, to, cursor, verdict, limit = 100, ...filter } }) => {
      const page = storeOf(parts).list(
        {
          ...filter,
          ...(verdict !== undefined && { verdict: [verdict].flat() }),
          ...(from !== undefined && { from: new Date(from) }),
          ...(to !== undefined && { to: new Date(to) }),
          ...(cursor !== undefined && { before: Number(cursor) }),
        },
        limit,
      );
      return { parts: page.parts.map(partBodyOf), next: page.next === undefined ? null : String(page.next) };
    },
  );

  const one = { tags, params, response: { 200: PartBody, default: failure } };
  app.get(
    "/parts/:id",
    { schema: { ...one, summary: "A part" }, config: { permission: "read" } },
    async (request) => partBodyOf(storeOf(parts).find(request.params.id)),
  );
  app.get(
    "/parts/:id/image",
    {
      schema: {
        tags,
        params,
        summary: "The image of a part with the verdict review or reject",
        description: "An encoded image as it was given; raw pixels as PAM.",
        response: {
          200: {
            description: "The image.",
            content: { "image/*": { schema: Type.Unsafe<unknown>({}) } },
          },
          default: failure,
        },
      },
      config: { permission: "read" },
    },
    async (request, reply) => {
      const { type, bytes } = await storeOf(parts).image(request.params.id);
      return reply.type(type).send(bytes);
    },
  );
  app.put(
    "/parts/:id/review",
    {
      schema: {
        ...one,
        summary: "Confirm or overrule a verdict",
        description:
          "To overrule a review or reject says that the part is good, to overrule an accept that it is not. A later " +
          "review takes the place of an earlier one.",
        body: Type.Object({ decision: Type.Enum([...decisions]) }),
      },
      config: { permission: "review" },
    },
    async ({ params, body, caller, log }) => {
      const part = await storeOf(parts).review(params.id, body.decision, caller?.name ?? null);
      log.info({ part: part.id, decision: body.decision, by: caller?.name }, "reviewed");
      return partBodyOf(part);
    },
  );
}
