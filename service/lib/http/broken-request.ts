import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { problemOf, problemType } from "../problems/problem.js";

const statuses: Record<string, number> = { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 };

/** Answers what is not a whole HTTP request, and closes the connection. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = statuses[error.code ?? ""] ?? 400;
  const detail = status === 408 ? "The request did not arrive in time." : "The request is not valid HTTP.";
  const refusal = { status, code: "INVALID_REQUEST" as const, detail, headers: {} };
  const body = JSON.stringify(problemOf(refusal, crypto.randomUUID()));
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${problemType}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
