import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isLocalRequest } from "../access/loopback.js";
import { may, type Permission } from "../access/roles.js";
import type { Caller, Tokens } from "../access/tokens.js";
import { ServiceError } from "../problems/service-error.js";

declare module "fastify" {
  interface FastifyRequest {
    /** Whose token came with the request; undefined where none is needed. */
    caller: Caller | undefined;
  }
  interface FastifyContextConfig {
    /** What a request for this route must be allowed to do; null if everybody may make it. */
    permission?: Permission | null;
  }
}

/** Requests with a wrong token that an address may make in a minute. */
const mostFailures = 30;

/** Lets only those requests through that their token allows, and not too many. */
export async function addGuard(
  app: FastifyInstance,
  tokens: Tokens | undefined,
  requestsPerMinute: number,
): Promise<void> {
  await app.register(rateLimit, { global: false });
  const ofCaller = app.createRateLimit({
    max: requestsPerMinute,
    timeWindow: 60_000,
    keyGenerator: ({ caller, ip }) => (caller === undefined ? `address ${ip}` : `token ${caller.name}`),
  });
  const ofFailures = app.createRateLimit({
    max: mostFailures,
    timeWindow: 60_000,
    keyGenerator: ({ ip }) => `failures ${ip}`,
  });
  app.decorateRequest("caller", undefined);

  app.addHook("onRoute", ({ url, config }) => {
    if (config?.permission === undefined) throw new Error(`The route ${url} does not say who may use it.`);
  });

  app.addHook("onRequest", async (request) => {
    // A path that does not exist has no permission of its own, and strangers learn nothing about it.
    const { permission = "read" } = request.routeOptions.config;
    if (permission === null) return;
    if (tokens === undefined) requireLocal(request);
    else {
      request.caller = callerOf(request, tokens);
      if (request.caller === undefined) {
        await requireRate(ofFailures, request);
        throw new ServiceError("UNAUTHENTICATED", "Send a valid token: Authorization: Bearer <token>.", {
          "www-authenticate": "Bearer",
        });
      }
    }
    await requireRate(ofCaller, request);
    if (request.caller !== undefined && !may(request.caller.role, permission))
      throw new ServiceError(
        "FORBIDDEN",
        `The role ${request.caller.role} of this token may not ${permission}; use a token with another role.`,
      );
  });
}

function callerOf({ headers }: FastifyRequest, tokens: Tokens): Caller | undefined {
  const [, token] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "") ?? [];
  return token === undefined ? undefined : tokens.callerOf(token);
}

function requireLocal({ headers }: FastifyRequest): void {
  if (isLocalRequest(headers)) return;
  throw new ServiceError(
    "FORBIDDEN",
    "Without tokens, the service answers only requests to localhost that no other web page makes. Run it with --tokens.",
  );
}

async function requireRate(
  limit: ReturnType<FastifyInstance["createRateLimit"]>,
  request: FastifyRequest,
): Promise<void> {
  const state = await limit(request);
  if (state.isAllowed || !state.isExceeded) return;
  throw new ServiceError("RATE_LIMITED", `More than ${state.max} requests in a minute. Try again later.`, {
    "retry-after": String(Math.max(1, state.ttlInSeconds)),
  });
}
