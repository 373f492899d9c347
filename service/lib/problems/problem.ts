import { STATUS_CODES } from "node:http";
import { ReverseDistillationError, type ErrorCode } from "reverse-distillation";
import Type, { type Static } from "typebox";
import { ServiceError, serviceCodes, type ServiceCode } from "./service-error.js";

/** An error as it is answered: RFC 9457, with the code that programs decide by. */
export const Problem = Type.Object(
  {
    type: Type.Literal("about:blank"),
    title: Type.String({ description: "The status in words." }),
    status: Type.Integer(),
    code: Type.String({ description: "What went wrong, for programs." }),
    detail: Type.String({ description: "What was given, what is allowed and what to do." }),
    instance: Type.String({ description: "The request, as the log names it." }),
    error: Type.Optional(
      Type.String({ description: "The same as `detail`, where the Open Inference Protocol expects it." }),
    ),
  },
  { $id: "Problem", description: "An error (RFC 9457)." },
);

/** An error as it is answered. */
export type Problem = Static<typeof Problem>;

/** The media type of {@link Problem}. */
export const problemType = "application/problem+json";

/** The statuses of the package's errors. Those that are left out are faults of the service: 500. */
const statuses: Partial<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  NOT_CALIBRATED: 409,
  INVALID_IMAGE: 422,
  QUEUE_FULL: 503,
  OUT_OF_MEMORY: 503,
  DISPOSED: 503,
};

/** An error with the status and headers that answer it. */
export interface Refusal {
  status: number;
  code: ErrorCode | ServiceCode;
  detail: string;
  headers: Readonly<Record<string, string>>;
}

/** How an error is answered. What a client cannot know or change is not described. */
export function refusalOf(error: unknown): Refusal {
  const reason = abortReason(error);
  if (reason instanceof ServiceError) {
    const { statusCode: status, code, message: detail, headers } = reason;
    return { status, code, detail, headers };
  }
  if (reason instanceof ReverseDistillationError) {
    const status = statuses[reason.code];
    if (status !== undefined) return { status, code: reason.code, detail: reason.message, headers: {} };
  }
  return ofFramework(reason) ?? internal;
}

/** The body that says so. */
export function problemOf({ status, code, detail }: Refusal, request: string): Problem {
  const title = STATUS_CODES[status] ?? "Client Closed Request";
  return { type: "about:blank", title, status, code, detail, instance: `urn:request:${request}` };
}

const internal: Refusal = {
  status: 500,
  code: "INTERNAL",
  detail: "The service failed to answer this request. Its log says why.",
  headers: {},
};

/** Every code that an error can be answered with. */
export const answeredCodes: readonly (ErrorCode | ServiceCode)[] = [
  ...(Object.keys(statuses) as ErrorCode[]),
  ...(Object.keys(serviceCodes) as ServiceCode[]),
  internal.code,
];

/** Work that was stopped failed because of what stopped it. */
function abortReason(error: unknown): unknown {
  return error instanceof ReverseDistillationError && error.code === "ABORTED" ? error.cause : error;
}

/** What fastify and its plugins refuse, by the status that they give it. */
function ofFramework(error: unknown): Refusal | undefined {
  if (!(error instanceof Error)) return undefined;
  const { statusCode: status } = error as { statusCode?: unknown };
  if (typeof status !== "number" || status < 400 || status >= 500) return undefined;
  const code = (Object.keys(serviceCodes) as ServiceCode[]).find((each) => serviceCodes[each] === status);
  return { status, code: code ?? "INVALID_REQUEST", detail: error.message, headers: {} };
}
