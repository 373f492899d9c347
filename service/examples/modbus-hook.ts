/**
 * Tells a PLC to eject a rejected part: writes a coil over Modbus TCP (function 5 of the Modbus protocol).
 *
 *   PLC_HOST=10.0.0.5 npx reverse-distillation serve models --store results --hook modbus-hook.js
 */
import { once } from "node:events";
import { connect } from "node:net";
import type { Hook } from "reverse-distillation-service";

const { PLC_HOST: host = "127.0.0.1", PLC_PORT: port = "502", PLC_COIL: coil = "0" } = process.env;

/** A part that is older has passed the ejector. */
const latestMs = 2000;

const eject: Hook = async ({ type, part }, signal) => {
  if (type !== "inspected" || part.verdict !== "reject") return;
  if (Date.now() - part.time.getTime() > latestMs) return;
  const request = Buffer.alloc(12);
  request.writeUInt16BE(6, 4); // bytes that follow
  request.writeUInt8(1, 6); // unit
  request.writeUInt8(5, 7); // write one coil
  request.writeUInt16BE(Number(coil), 8);
  request.writeUInt16BE(0xff00, 10); // on
  const socket = connect({ host, port: Number(port) });
  try {
    await once(socket, "connect", { signal });
    socket.write(request);
    const [answer] = (await once(socket, "data", { signal })) as [Buffer];
    if (!answer.equals(request)) throw new Error(`The PLC refused: ${answer.toString("hex")}`);
  } finally {
    socket.destroy();
  }
};

export default eject;
