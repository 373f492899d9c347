/** The key of the token in the session's storage: it is gone when the tab is closed. */
const key = "token";

/** An error that the service answered, or the lack of an answer. */
export class RequestFailed extends Error {
  readonly status: number;

  /** @param status 0 if there was no answer. */
  constructor(status: number, message: string) {
    super(message);
    this.name = "RequestFailed";
    this.status = status;
  }
}

/** Whether the service wants a token of everybody. */
export const needsToken = document.documentElement.dataset["tokens"] === "true";

let refused: (() => void) | undefined;

/** Calls a function when the service has refused the token. */
export function onRefused(listener: () => void): void {
  refused = listener;
}

/** Whether there is what the service wants to see. */
export function isSignedIn(): boolean {
  return !needsToken || sessionStorage.getItem(key) !== null;
}

export function signIn(token: string): void {
  sessionStorage.setItem(key, token);
}

export function signOut(): void {
  sessionStorage.removeItem(key);
}

/**
 * Sends a request with the token.
 *
 * @throws RequestFailed with what the service says.
 */
export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const token = sessionStorage.getItem(key);
  if (token !== null) headers.set("authorization", `Bearer ${token}`);
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new RequestFailed(0, "The service does not answer.");
  }
  if (response.ok) return response;
  if (response.status === 401 && needsToken) {
    signOut();
    refused?.();
  }
  const body: unknown = await response.json().catch(() => undefined);
  const detail = (body as { detail?: unknown } | undefined)?.detail;
  throw new RequestFailed(
    response.status,
    typeof detail === "string" ? detail : `The service answers ${response.status}.`,
  );
}

/** Asks for JSON. */
export async function ask<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await send(path, { signal: signal ?? null })).json()) as T;
}

/** Sends JSON, and returns the JSON that is answered. */
export async function tell<T>(method: "POST" | "PUT" | "DELETE", path: string, body?: object): Promise<T> {
  const content = body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  return (await (await send(path, { method, ...content })).json()) as T;
}

/** What went wrong, in words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
