import mqtt, { type MqttClient } from "mqtt";
import type { Logger } from "pino";
import { ReverseDistillationError } from "reverse-distillation";
import type { Outgoing } from "../store/outbox.js";
import { parseEvent } from "../store/part.js";
import type { Destination } from "./destination.js";
import { orAborted } from "./or-aborted.js";

const protocols = ["mqtt:", "mqtts:", "ws:", "wss:"];

/** Publishes events to an MQTT 5 broker with QoS 1: to `<topic>/<model>/inspected` and `<topic>/<model>/reviewed`. */
export class Mqtt implements Destination {
  readonly name = "mqtt";
  readonly #client: MqttClient;
  readonly #topic: string;

  /**
   * Starts to connect, and connects again whenever the connection is lost.
   *
   * @throws ReverseDistillationError `INVALID_ARGUMENT`
   */
  constructor(url: string, topic: string, password: string | undefined, log: Logger) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (!parsed || !protocols.includes(parsed.protocol) || parsed.password !== "")
      throw new ReverseDistillationError(
        "INVALID_ARGUMENT",
        "mqtt must be a URL such as mqtts://user@broker:8883, without the password; that is in a file: --mqtt-password.",
      );
    if (!/^[^+#\0$/][^+#\0]{0,199}$/.test(topic))
      throw new ReverseDistillationError(
        "INVALID_ARGUMENT",
        `mqttTopic must have up to 200 characters, none of them + or #, and not start with / or $; got ${JSON.stringify(topic)}.`,
      );
    this.#topic = topic;
    this.#client = mqtt.connect(url, {
      protocolVersion: 5,
      ...(password !== undefined && { password }),
      reconnectPeriod: 1000,
      connectTimeout: 10_000,
    });
    this.#client.on("connect", () => log.info("the MQTT broker is connected"));
    this.#client.on("error", (error) => log.warn({ err: error }, "the MQTT broker cannot be used"));
  }

  async send({ id, body }: Outgoing, signal: AbortSignal): Promise<void> {
    const { type, part } = parseEvent(body);
    // Without a connection, the client keeps the message and publishes it once there is one.
    const published = this.#client.publishAsync(`${this.#topic}/${part.model}/${type}`, body, {
      qos: 1,
      properties: {
        contentType: "application/json",
        payloadFormatIndicator: true,
        userProperties: { id },
      },
    });
    await orAborted(published, signal);
  }

  async close(): Promise<void> {
    await this.#client.endAsync(true);
  }
}
