import accepts from "@fastify/accepts";
import helmet from "@fastify/helmet";
import swagger from "@fastify/swagger";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from "fastify";
import type { Logger } from "pino";
import type { Tokens } from "../access/tokens.js";
import type { Line } from "../line/line.js";
import type { Metrics } from "../metrics/metrics.js";
import type { Inspector } from "../models/inspector.js";
import type { ModelFolder } from "../models/model-folder.js";
import type { Settings } from "../settings.js";
import type { Store } from "../store/store.js";
import type { Trainings } from "../training/trainings.js";
import { version } from "../version.js";
import { addBodyBudget } from "./body-budget.js";
import { answerBrokenRequest } from "./broken-request.js";
import { addDeadlines } from "./deadlines.js";
import { addGuard } from "./guard.js";
import { addProblems } from "./problems.js";
import { aboutRoutes } from "./routes/about.js";
import { documentRoutes } from "./routes/documents.js";
import { healthRoutes } from "./routes/health.js";
import { inspectRoutes } from "./routes/inspect.js";
import { lineRoutes } from "./routes/line.js";
import { modelRoutes } from "./routes/models.js";
import { partRoutes } from "./routes/parts.js";
import { pageRoutes } from "./routes/page.js";
import { pictureRoutes } from "./routes/pictures.js";
import { protocolRoutes } from "./routes/protocol.js";
import { trainingRoutes } from "./routes/trainings.js";
import { versionRoutes } from "./routes/versions.js";

/** The HTTP server, whose routes are typed by their schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** Where the service stands. */
export interface State {
  /** Whether it has been told to end. */
  draining: boolean;
  /** Requests that are not answered yet. */
  unfinished: number;
}

/** What routes work with. */
export interface Parts {
  settings: Settings;
  models: ModelFolder;
  inspector: Inspector;
  metrics: Metrics;
  /** What was inspected lately. */
  line: Line;
  state: State;
  /** Where results are kept, if they are. */
  store: Store | undefined;
  /** Trainings of new versions, if there are folders to train on. */
  trainings: Trainings | undefined;
}

/** A method of a path that the service answers. */
export interface Route {
  method: string;
  url: string;
}

/** Builds the HTTP server with all of its routes; it does not listen yet. */
export async function createApp(
  parts: Parts,
  tokens: Tokens | undefined,
  log: Logger,
): Promise<{ app: App; routes: Route[] }> {
  const { settings, metrics } = parts;
  // Routes know no more of the log than fastify does.
  const loggerInstance: FastifyBaseLogger = log;
  const app = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: settings.maxBody,
    // Node.js closes connections whose requests do not arrive in time.
    requestTimeout: settings.deadline,
    http: { headersTimeout: settings.deadline, connectionsCheckingInterval: 500 },
    keepAliveTimeout: 60_000,
    return503OnClosing: true,
    forceCloseConnections: "idle",
    genReqId: () => crypto.randomUUID(),
    routerOptions: { maxParamLength: 100 },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true } },
    clientErrorHandler: answerBrokenRequest,
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.server.maxConnections = settings.connections;

  const routes: Route[] = [];
  app.addHook("onRoute", ({ method, url }) => {
    // fastify adds HEAD where there is GET.
    for (const each of [method].flat()) if (each !== "HEAD") routes.push({ method: each, url });
  });
  app.addHook("onRequest", async (_, reply) => {
    parts.state.unfinished++;
    reply.raw.once("close", () => parts.state.unfinished--);
  });
  addProblems(app, metrics);
  addDeadlines(app, settings.deadline);
  await addGuard(app, tokens, settings.rateLimit);
  addBodyBudget(app, settings.maxBody, settings.maxBodies);
  app.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "none";
    const ms = performance.now() - request.arrived;
    metrics.request(request.method, route, reply.statusCode, ms);
    request.log.info(
      { method: request.method, route, status: reply.statusCode, ms, caller: request.caller?.name },
      "answered",
    );
  });
  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      useDefaults: false,
    },
    frameguard: { action: "deny" },
  });
  await app.register(accepts);
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "reverse-distillation-service",
        description: "Inspects images: verdicts, scores, regions and maps.",
        version,
      },
      components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    },
  });
  const routesOf = [
    ...[healthRoutes, documentRoutes, aboutRoutes, modelRoutes, versionRoutes, lineRoutes],
    ...[inspectRoutes, partRoutes, pictureRoutes, trainingRoutes, protocolRoutes, pageRoutes],
  ];
  for (const add of routesOf) await app.register((scope: App) => add(scope, parts));
  await app.ready();
  return { app, routes };
}
