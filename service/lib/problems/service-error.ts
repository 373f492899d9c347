/** What can be wrong with a request apart from its image, and the status that says so. */
export const serviceCodes = {
  INVALID_REQUEST: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  MODEL_NOT_FOUND: 404,
  ROUTE_NOT_FOUND: 404,
  PART_NOT_FOUND: 404,
  IMAGE_NOT_KEPT: 404,
  RESULTS_NOT_KEPT: 404,
  TRAINING_NOT_FOUND: 404,
  SOURCE_NOT_FOUND: 404,
  TRAININGS_OFF: 404,
  NOT_ACCEPTABLE: 406,
  NO_VERDICT: 409,
  NO_CALIBRATION: 409,
  TRAINING_OVER: 409,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RATE_LIMITED: 429,
  CLIENT_GONE: 499,
  OVERLOADED: 503,
  TRAININGS_FULL: 503,
  MODEL_NOT_READY: 503,
  SHUTTING_DOWN: 503,
  NOT_STORED: 503,
  DEADLINE_EXCEEDED: 504,
} as const;

/** A code that only the service knows. */
export type ServiceCode = keyof typeof serviceCodes;

/** A request that the service refuses. */
export class ServiceError extends Error {
  readonly code: ServiceCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ServiceCode, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.name = "ServiceError";
    this.code = code;
    this.headers = headers;
  }

  /** The HTTP status. */
  get statusCode(): number {
    return serviceCodes[this.code];
  }
}
