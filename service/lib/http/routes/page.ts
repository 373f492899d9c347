import type { FastifyReply, FastifyRequest } from "fastify";
import Type from "typebox";
import { ServiceError } from "../../problems/service-error.js";
import type { App, Parts } from "../app.js";
import { readPage, type PageFile } from "../page-files.js";

/** Nothing from elsewhere, nothing inline, and no HTML from strings. Pictures are fetched with the token, hence blob:. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const tags = ["Page"];
const anything = { schema: Type.Unsafe<unknown>({}) };

/** The page for people. It contains no data: what it shows, it asks for with the token of who looks at it. */
export async function pageRoutes(app: App, { settings }: Parts): Promise<void> {
  const { index, assets } = await readPage(settings.tokens !== undefined);

  app.get(
    "/",
    {
      schema: {
        ...{ tags, summary: "The page for people" },
        response: { 200: { description: "HTML.", content: { "text/html": anything } } },
      },
      config: { permission: null },
    },
    async (request, reply) =>
      send(
        request,
        reply.header("cache-control", "no-cache").header("content-security-policy", policy),
        index,
      ),
  );

  app.get(
    "/assets/:file",
    {
      schema: {
        ...{ tags, summary: "A file of the page" },
        params: Type.Object({ file: Type.String({ maxLength: 100 }) }),
        response: { 200: { description: "The file.", content: { "*/*": anything } } },
      },
      config: { permission: null },
    },
    async (request, reply) => {
      const file = assets.get(request.params.file);
      if (file === undefined) throw new ServiceError("ROUTE_NOT_FOUND", "The page has no such file.");
      // The name has a hash of the content.
      return send(request, reply.header("cache-control", "public, max-age=31536000, immutable"), file);
    },
  );
}

function send(request: FastifyRequest, reply: FastifyReply, { type, bytes, gzip }: PageFile): FastifyReply {
  reply.type(type).header("vary", "accept-encoding");
  if (request.accepts().encoding(["gzip", "identity"]) !== "gzip") return reply.send(bytes);
  return reply.header("content-encoding", "gzip").send(gzip);
}
