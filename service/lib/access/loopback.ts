import { isIP } from "node:net";

/** Whether only programs on this machine can connect to an address. Names other than localhost could lead anywhere. */
export function isLoopback(host: string): boolean {
  if (host === "localhost") return true;
  return isIP(host) === 4 ? host.startsWith("127.") : host === "::1";
}

/**
 * Whether a request without a token may be answered: a page in a browser on this machine can send requests here too,
 * under a name of its own that resolves to the loopback, or across origins.
 */
export function isLocalRequest(headers: NodeJS.Dict<string | string[]>): boolean {
  const { host, origin, "sec-fetch-site": site } = headers;
  if (typeof host !== "string" || !isLoopback(hostname(`http://${host}`))) return false;
  if (site !== undefined && site !== "same-origin" && site !== "none") return false;
  return origin === undefined || (typeof origin === "string" && origin === `http://${host}`);
}

function hostname(url: string): string {
  try {
    return new URL(url).hostname.replace(/^\[(.*)\]$/, "$1");
  } catch {
    return "";
  }
}
