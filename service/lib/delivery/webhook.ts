import { createHmac } from "node:crypto";
import { ReverseDistillationError } from "reverse-distillation";
import type { Outgoing } from "../store/outbox.js";
import { Refused, type Destination } from "./destination.js";

const timeoutMs = 10_000;

/** Answers that say that the request itself is wrong. */
const refusals = [400, 405, 410, 413, 415, 422];

/** Sends events as HTTP requests, signed as the Standard Webhooks specification says. */
export class Webhook implements Destination {
  readonly name = "webhook";
  readonly #url: URL;
  readonly #key: Buffer;

  /** @throws ReverseDistillationError `INVALID_ARGUMENT` */
  constructor(url: string, secret: string) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username !== "" || parsed.password !== "")
      throw new ReverseDistillationError(
        "INVALID_ARGUMENT",
        "webhook must be an http or https URL without a user and password.",
      );
    this.#url = parsed;
    this.#key = keyOf(secret);
  }

  async send({ id, body }: Outgoing, signal: AbortSignal): Promise<void> {
    const timestamp = String(Math.floor(Date.now() / 1000));
    const response = await fetch(this.#url, {
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signatureOf({ id, timestamp, body }, this.#key),
      },
      // A redirect would send parts where nobody told the service to send them.
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    await response.body?.cancel();
    if (response.ok) return;
    const message = `The webhook answered ${response.status}.`;
    throw refusals.includes(response.status) ? new Refused(message) : new Error(message);
  }
}

/** The signature of a message: "v1," and the HMAC-SHA256 of its id, time and body in base64. */
export function signatureOf(
  { id, timestamp, body }: { id: string; timestamp: string; body: string },
  key: Buffer,
): string {
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}

/** The key that a secret stands for: base64 after "whsec_", or the secret itself. */
export function keyOf(secret: string): Buffer {
  const prefix = "whsec_";
  const key = secret.startsWith(prefix)
    ? Buffer.from(secret.slice(prefix.length), "base64")
    : Buffer.from(secret);
  if (key.length < 24)
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `The secret of the webhook must have 24 bytes or more; got ${key.length}. Make one: openssl rand -base64 32`,
    );
  return key;
}
