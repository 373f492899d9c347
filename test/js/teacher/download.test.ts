import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { access, mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import anyTest, { type ExecutionContext } from "ava";
import { backbones } from "../../../lib/options/backbones.js";
import { publishedWeights, type PublishedWeights } from "../../../lib/teacher/published/catalogue.js";
import {
  findOrDownloadWeights,
  obtainImagenetWeights,
  obtainWeights,
  weightsStatus,
  type ObtainOptions,
} from "../../../lib/teacher/published/obtain.js";
import { sendFile, serve } from "../support/file-server.js";
import { temporaryFolder } from "../support/temporary-folder.js";

// Serial, because the tests depend on timing.
const test = anyTest.serial;

/** Bytes that differ everywhere, so that a piece in the wrong place is noticed. */
const content = Buffer.alloc(300_000);
for (let i = 0; i + 4 <= content.length; i += 4) content.writeUInt32LE(Math.imul(i, 2_654_435_761) >>> 0, i);

const checksum = createHash("sha256").update(content).digest("hex");
const published: PublishedWeights = {
  backbone: "resnet18",
  file: `tiny-${checksum.slice(0, 8)}.pth`,
  mebibytes: 0.5,
};
const pace = { timeouts: { answer: 20_000, stall: 20_000 }, retryDelay: 5 };

interface Setting {
  options: ObtainOptions & { env: NodeJS.ProcessEnv };
  ranges: (string | undefined)[];
  path: string;
}

/** A cache for this test and a server. */
async function setting(t: ExecutionContext, listener: RequestListener): Promise<Setting> {
  const cache = await temporaryFolder(t);
  const { url, ranges } = await serve(t, listener);
  const env = { REVERSE_DISTILLATION_CACHE: cache, REVERSE_DISTILLATION_WEIGHTS_URL: url };
  return { options: { env, pace }, ranges, path: join(cache, "weights", published.file) };
}

const honest: RequestListener = (request, response) => sendFile(request, response, content);

async function isWhole(t: ExecutionContext, path: string): Promise<void> {
  t.is(Buffer.compare(await readFile(path), content), 0);
  t.deepEqual(await readdir(dirname(path)), [published.file], "no partial file is left");
}

/** Leaves a partial file behind, as if by a process that ended a while ago. */
async function leavePart(path: string, bytes: Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const part = join(dirname(path), `.${published.file}.0011.part`);
  await writeFile(part, bytes);
  await utimes(part, 0, 0);
}

test("a file is downloaded once, verified and kept", async (t) => {
  const { options, ranges, path } = await setting(t, honest);
  const steps: [number, number | undefined][] = [];
  const onProgress = (bytes: number, total: number | undefined) => void steps.push([bytes, total]);
  t.is(await obtainWeights(published, { ...options, onProgress }), path);
  await isWhole(t, path);
  t.deepEqual(steps.at(0), [0, content.length]);
  t.deepEqual(steps.at(-1), [content.length, content.length]);
  t.is(await obtainWeights(published, { ...options, offline: true }), path);
  t.deepEqual(ranges, [undefined]);
});

test("after a dropped connection, the download resumes where it stopped", async (t) => {
  const { options, ranges, path } = await setting(t, (request, response) =>
    sendFile(request, response, content, 70_000),
  );
  t.is(await obtainWeights(published, options), path);
  await isWhole(t, path);
  t.is(ranges[0], undefined);
  t.true(ranges.length >= 5, `${ranges.length} requests`);
  const starts = ranges.slice(1).map((range) => Number(/^bytes=(\d+)-$/.exec(range!)![1]));
  t.true(starts.every((start, i) => start > (starts[i - 1] ?? 0)));
});

test("the next call resumes an interrupted download", async (t) => {
  let cutAfter = 100_000;
  const { options, ranges, path } = await setting(t, (request, response) => {
    if (ranges.length > 1 && cutAfter !== Infinity) response.writeHead(503).end();
    else sendFile(request, response, content, cutAfter);
  });
  await t.throwsAsync(obtainWeights(published, options), {
    code: "DOWNLOAD_FAILED",
    message: /answered 503/,
  });
  cutAfter = Infinity;
  ranges.length = 0;
  t.is(await obtainWeights(published, options), path);
  await isWhole(t, path);
  t.deepEqual(ranges, ["bytes=100000-"]);
});

test("if the server ignores ranges, the download starts over", async (t) => {
  const { options, ranges, path } = await setting(t, (_, response) => {
    response.writeHead(200, { "content-length": content.length }).end(content);
  });
  await leavePart(path, content.subarray(0, 1234));
  await obtainWeights(published, options);
  await isWhole(t, path);
  t.deepEqual(ranges, ["bytes=1234-"]);
});

test("a response with a different range than requested is not used", async (t) => {
  const { options, ranges, path } = await setting(t, (request, response) => {
    if (request.headers.range === undefined) {
      sendFile(request, response, content);
      return;
    }
    const range = `bytes 0-${content.length - 1}/${content.length}`;
    response.writeHead(206, { "content-range": range, "content-length": content.length }).end(content);
  });
  await leavePart(path, content.subarray(0, 1234));
  await obtainWeights(published, options);
  await isWhole(t, path);
  t.deepEqual(ranges, ["bytes=1234-", undefined]);
});

test("a partial file with wrong content is detected, and downloaded once more", async (t) => {
  const { options, ranges, path } = await setting(t, honest);
  await leavePart(path, Buffer.alloc(5000, "x"));
  await obtainWeights(published, options);
  await isWhole(t, path);
  t.deepEqual(ranges, ["bytes=5000-", undefined]);
});

test("a partial file that is already complete is only moved into place", async (t) => {
  const { options, ranges, path } = await setting(t, honest);
  await leavePart(path, content);
  await obtainWeights(published, options);
  await isWhole(t, path);
  t.deepEqual(ranges, [`bytes=${content.length}-`]);
});

test("a partial file that another process may be writing to is left alone", async (t) => {
  const { options, ranges, path } = await setting(t, honest);
  await mkdir(dirname(path), { recursive: true });
  const part = `.${published.file}.0022.part`;
  await writeFile(join(dirname(path), part), content.subarray(0, 1000));
  await obtainWeights(published, options);
  t.deepEqual(ranges, [undefined]);
  t.deepEqual((await readdir(dirname(path))).sort(), [part, published.file].sort());
});

test("a wrong file is rejected with both checksums, and nothing is kept", async (t) => {
  const { options, path } = await setting(t, (_, response) => response.end("<html>Please log in</html>"));
  await t.throwsAsync(obtainWeights(published, options), {
    code: "DOWNLOAD_FAILED",
    message: new RegExp(
      `the server sent a different file: its SHA-256 is [0-9a-f]{64}, but should start with ${checksum.slice(0, 8)}`,
    ),
  });
  t.deepEqual(await readdir(dirname(path)), []);
});

test("a wrong file that arrives in pieces is rejected too", async (t) => {
  const wrong = Buffer.from(content).fill(0, 0, 10);
  const { options, ranges } = await setting(t, (request, response) =>
    sendFile(request, response, wrong, 200_000),
  );
  await t.throwsAsync(obtainWeights(published, options), {
    code: "DOWNLOAD_FAILED",
    message: /sent a different file/,
  });
  t.is(ranges.length, 4);
});

test("a server that never ends cannot fill the disk", async (t) => {
  const { options, path } = await setting(t, (_, response) => {
    const timer = setInterval(() => response.write(Buffer.alloc(200_000)), 1);
    response.on("close", () => clearInterval(timer));
  });
  await t.throwsAsync(obtainWeights(published, options), {
    code: "DOWNLOAD_FAILED",
    message: /sent more than 1048576 bytes/,
  });
  const stated = await setting(
    t,
    (_, response) => void response.writeHead(200, { "content-length": 2 ** 40 }).write("x"),
  );
  await t.throwsAsync(obtainWeights(published, stated.options), { message: /sent more than 1048576 bytes/ });
  await t.throwsAsync(access(path));
});

test("a 404 is reported without a retry, with the URL and where to put the file by hand", async (t) => {
  const { options, ranges, path } = await setting(t, (_, response) => response.writeHead(404).end());
  const url = `${options.env.REVERSE_DISTILLATION_WEIGHTS_URL}/${published.file}`;
  await t.throwsAsync(obtainWeights(published, options), {
    code: "DOWNLOAD_FAILED",
    message:
      `Downloading ${url} failed: the server answered 404 Not Found. ` +
      `To install the file by hand, download ${url} on another machine and save it as ${path}.`,
  });
  t.is(ranges.length, 1);
});

test("a request that fails temporarily is retried", async (t) => {
  const { options, ranges, path } = await setting(t, (request, response) =>
    ranges.length < 3 ? void response.writeHead(503).end() : honest(request, response),
  );
  await obtainWeights(published, options);
  await isWhole(t, path);
  t.is(ranges.length, 3);
});

test("a slow download succeeds as long as data keeps arriving", async (t) => {
  const { options, path } = await setting(t, (_, response) => {
    response.writeHead(200, { "content-length": content.length });
    let sent = 0;
    const timer = setInterval(() => {
      response.write(content.subarray(sent, (sent += 40_000)));
      if (sent < content.length) return;
      clearInterval(timer);
      response.end();
    }, 100);
  });
  await obtainWeights(published, options);
  await isWhole(t, path);
});

test("a server that stops sending or never answers times out", async (t) => {
  const stopping = await setting(t, (_, response) => {
    response.writeHead(200, { "content-length": content.length }).write(content.subarray(0, 1000));
  });
  const impatient = { timeouts: { answer: 20_000, stall: 200 }, retryDelay: 5 };
  await t.throwsAsync(obtainWeights(published, { ...stopping.options, pace: impatient }), {
    code: "DOWNLOAD_FAILED",
    message: /no more data arrived within 0\.2 s/,
  });
  const silent = await setting(t, () => {});
  const hasty = { timeouts: { answer: 200, stall: 20_000 }, retryDelay: 5 };
  await t.throwsAsync(obtainWeights(published, { ...silent.options, pace: hasty }), {
    code: "DOWNLOAD_FAILED",
    message: /the server did not answer within 0\.2 s/,
  });
  t.is(silent.ranges.length, 1);
});

test("without a network, the reason is given quickly, as an error or as a result", async (t) => {
  const closed = await unusedAddress();
  const env = {
    REVERSE_DISTILLATION_CACHE: await temporaryFolder(t),
    REVERSE_DISTILLATION_WEIGHTS_URL: closed,
  };
  const begin = performance.now();
  await t.throwsAsync(obtainImagenetWeights("resnet18", { env }), {
    code: "DOWNLOAD_FAILED",
    message: /resnet18-f37072fd\.pth failed: .*ECONNREFUSED.*save it as .*resnet18-f37072fd\.pth\.$/,
  });
  const found = await findOrDownloadWeights("resnet18", { env });
  t.is(found.path, undefined);
  t.regex("reason" in found ? found.reason : "", /ECONNREFUSED/);
  t.true(performance.now() - begin < 4000);
});

/** An address that nothing listens on. */
async function unusedAddress(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${port}/models`;
}

test("offline, by option or by variable, makes no request", async (t) => {
  const { options, ranges, path } = await setting(t, honest);
  const expected = {
    code: "DOWNLOAD_FAILED",
    message: /resnet18 are not on this machine \(.* does not exist\).*disabled/,
  };
  await t.throwsAsync(obtainWeights(published, { ...options, offline: true }), expected);
  const env = { ...options.env, REVERSE_DISTILLATION_OFFLINE: "1" };
  await t.throwsAsync(obtainWeights(published, { ...options, env }), expected);
  t.deepEqual(ranges, []);
  await obtainWeights(published, { ...options, env, offline: false });
  t.is(ranges.length, 1);
  await writeFile(path, "damaged");
  await t.throwsAsync(obtainWeights(published, { ...options, env }), { message: /\(.* is damaged\)/ });
});

test("invalid variables are errors", async (t) => {
  for (const env of [
    { REVERSE_DISTILLATION_OFFLINE: "yes" },
    { REVERSE_DISTILLATION_WEIGHTS_URL: "ftp://example.org" },
    { REVERSE_DISTILLATION_WEIGHTS_URL: "models" },
  ]) {
    const [name] = Object.keys(env);
    const cache = await temporaryFolder(t);
    await t.throwsAsync(obtainWeights(published, { env: { ...env, REVERSE_DISTILLATION_CACHE: cache } }), {
      code: "INVALID_ARGUMENT",
      message: new RegExp(`^The variable ${name} must be`),
    });
  }
});

test("a damaged file in the cache is replaced, and one put there by hand is used", async (t) => {
  const { options, ranges, path } = await setting(t, honest);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, "damaged");
  t.is((await weightsStatus(published, options.env)).state, "damaged");
  await obtainWeights(published, options);
  await isWhole(t, path);
  t.is((await weightsStatus(published, options.env)).state, "present");
  await writeFile(path, content);
  await obtainWeights(published, options);
  t.is(ranges.length, 1);
});

test("an aborted download stops, and the next call resumes it", async (t) => {
  let whole = false;
  const { options, ranges, path } = await setting(t, (request, response) => {
    if (whole) sendFile(request, response, content);
    else response.writeHead(200, { "content-length": content.length }).write(content.subarray(0, 50_000));
  });
  const abort = new AbortController();
  const reason = new Error("enough");
  const onProgress = (bytes: number) => {
    if (bytes === 50_000) abort.abort(reason);
  };
  const error = await t.throwsAsync(
    obtainWeights(published, { ...options, signal: abort.signal, onProgress }),
    {
      code: "ABORTED",
    },
  );
  t.is(error.cause, reason);
  await t.throwsAsync(obtainWeights(published, { ...options, signal: abort.signal }), { code: "ABORTED" });
  whole = true;
  await obtainWeights(published, options);
  await isWhole(t, path);
  t.deepEqual(ranges, [undefined, "bytes=50000-"]);
});

test("an exception of onProgress ends the download", async (t) => {
  const { options } = await setting(t, honest);
  const onProgress = () => {
    throw new Error("no more");
  };
  await t.throwsAsync(obtainWeights(published, { ...options, onProgress }), {
    code: "ABORTED",
    message: /onProgress threw: no more/,
  });
});

test("several processes can download the same file at the same time", async (t) => {
  const { options, path } = await setting(t, (request, response) => {
    void delay(Math.random() * 200).then(() => sendFile(request, response, content, 90_000));
  });
  const module = fileURLToPath(new URL("../../../lib/teacher/published/obtain.ts", import.meta.url));
  const script = `
    import { obtainWeights } from ${JSON.stringify(module)};
    console.log(await obtainWeights(${JSON.stringify(published)}, { pace: ${JSON.stringify(pace)} }));`;
  const env = { ...process.env, ...options.env, NODE_OPTIONS: "" };
  const runs = Array.from({ length: 4 }, () =>
    promisify(execFile)(process.execPath, ["--import=tsx", "--input-type=module", "-e", script], { env }),
  );
  for (const { stdout } of await Promise.all(runs)) t.is(stdout.trim(), path);
  await isWhole(t, path);
});

test("every backbone has its published weights file", (t) => {
  t.deepEqual(
    backbones.map((backbone) => [backbone, publishedWeights(backbone).file]),
    [
      ["resnet18", "resnet18-f37072fd.pth"],
      ["resnet34", "resnet34-b627a593.pth"],
      ["resnet50", "resnet50-0676ba61.pth"],
      ["wide_resnet50_2", "wide_resnet50_2-95faca4d.pth"],
    ],
  );
});
