import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import pino from "pino";
import { temporaryFolder } from "../../test/js/support/temporary-folder.js";
import { isLocalRequest, isLoopback } from "../lib/access/loopback.js";
import { roles, type Role } from "../lib/access/roles.js";
import { addToken, Tokens } from "../lib/access/tokens.js";
import { Service } from "../lib/index.js";
import { png, TestModels } from "./support/models.js";
import { running } from "./support/running.js";

let models: TestModels;
test.before(async () => {
  models = await TestModels.make();
});
test.after.always(() => models?.remove());

test("a token is found by its digest alone, and the file is for its owner", async (t) => {
  const file = join(await temporaryFolder(t), "tokens");
  const token = await addToken(file, { role: "inspect", name: "line-3" });
  const other = await addToken(file, { role: "admin", name: "zoe" });
  t.is((await stat(file)).mode & 0o777, 0o600);
  t.false((await readFile(file, "utf8")).includes(token));
  const tokens = await Tokens.read(file);
  t.deepEqual(tokens.callerOf(token), { role: "inspect", name: "line-3" });
  t.deepEqual(tokens.callerOf(other), { role: "admin", name: "zoe" });
  for (const wrong of ["", token.slice(1), `${token}x`, token.toUpperCase()])
    t.is(tokens.callerOf(wrong), undefined);
  await t.throwsAsync(addToken(file, { role: "read", name: "zoe" }), {
    message: /two tokens of the name zoe/,
  });
  await t.throwsAsync(addToken(file, { role: "read", name: "a b" }), { message: /tokens:3/ });
});

test("a file of tokens that is wrong is refused, with the line", (t) => {
  const digest = "0".repeat(64);
  const cases: [text: string, message: RegExp][] = [
    ["# none\n\n", /lists no token/],
    [
      `admin a ${digest}\nroot b ${digest}`,
      /^file:2: the role must be read, inspect, review, admin; got "root"/,
    ],
    [`constructor b ${digest}`, /the role must be/],
    [`admin <b> ${digest}`, /a name has/],
    ["admin b secret", /SHA-256/],
    [`admin b ${digest} c`, /SHA-256/],
  ];
  for (const [text, message] of cases) t.throws(() => Tokens.parse(text, "file"), { message });
});

test("without tokens, only requests are answered that no other web page can make", (t) => {
  const host = "localhost:8080";
  t.true(isLocalRequest({ host }));
  t.true(isLocalRequest({ host: "[::1]:8080" }));
  t.true(isLocalRequest({ host, origin: `http://${host}`, "sec-fetch-site": "same-origin" }));
  t.false(isLocalRequest({}));
  t.false(isLocalRequest({ host: "rebound.example:8080" }));
  t.false(isLocalRequest({ host: "127.0.0.1.example" }));
  t.false(isLocalRequest({ host, origin: "http://evil.example" }));
  t.false(isLocalRequest({ host, "sec-fetch-site": "cross-site" }));
  t.deepEqual(
    ["127.0.0.1", "127.8.9.1", "::1", "localhost", "0.0.0.0", "::", "10.0.0.1", "127.example"].map(
      isLoopback,
    ),
    [true, true, true, true, false, false, false, false],
  );
});

test.serial("it refuses to listen beyond the loopback without tokens", async (t) => {
  const folder = await temporaryFolder(t);
  const start = Service.start({ folder, port: 0, host: "0.0.0.0" }, pino({ level: "silent" }));
  await t.throwsAsync(start, {
    message: /^Without tokens, the service listens only on the loopback.*got 0\.0\.0\.0/,
  });
});

test.serial("each role may do what it is for and nothing else", async (t) => {
  const file = join(await temporaryFolder(t), "tokens");
  const tokens: Record<string, string> = {};
  for (const role of Object.keys(roles) as Role[]) tokens[role] = await addToken(file, { role, name: role });
  const { ask, log } = await running(t, models, { tokens: file, host: "0.0.0.0" });
  const image = await png();
  const requests: [path: string, init: RequestInit, allowed: Role[]][] = [
    ["/models", {}, ["read", "inspect", "review", "admin"]],
    ["/metrics", {}, ["read", "inspect", "review", "admin"]],
    ["/openapi.json", {}, ["read", "inspect", "review", "admin"]],
    ["/models/part/inspect", { method: "POST", body: image }, ["inspect", "admin"]],
    ["/v2/models/part", {}, ["read", "inspect", "review", "admin"]],
    ["/models/part/serving", { method: "DELETE" }, ["admin"]],
  ];
  for (const [path, init, allowed] of requests) {
    for (const [role, token] of Object.entries(tokens)) {
      const response = await ask(path, { ...init, headers: { authorization: `Bearer ${token}` } });
      t.is(response.status, allowed.includes(role as Role) ? 200 : 403, `${role} ${path}`);
      await response.arrayBuffer();
    }
    const others: Record<string, string>[] = [
      {},
      { authorization: "Bearer wrong" },
      { authorization: `Basic ${tokens.admin}` },
    ];
    for (const headers of others) {
      const response = await ask(path, { ...init, headers });
      t.deepEqual([response.status, response.headers.get("www-authenticate")], [401, "Bearer"], path);
      t.is(((await response.json()) as { code: string }).code, "UNAUTHENTICATED");
    }
  }
  t.is((await ask("/v2/health/live")).status, 200);
  t.is((await ask("/nowhere")).status, 401);
  t.true(log.some(({ caller, route }) => caller === "inspect" && route === "/models/:name/inspect"));
  for (const token of Object.values(tokens)) t.false(JSON.stringify(log).includes(token));
});

test.serial("too many wrong tokens, and too many requests, are answered with 429", async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, "tokens");
  const token = await addToken(file, { role: "read", name: "panel" });
  const { ask } = await running(t, models, { tokens: file, rateLimit: 5 });
  const statuses = async (authorization: string, count: number) => {
    const found: number[] = [];
    for (let i = 0; i < count; i++) found.push((await ask("/models", { headers: { authorization } })).status);
    return found;
  };
  t.deepEqual(await statuses(`Bearer ${token}`, 7), [200, 200, 200, 200, 200, 429, 429]);
  const wrong = await statuses("Bearer wrong", 32);
  t.deepEqual([wrong[0], wrong[29], wrong[30]], [401, 401, 429]);
  const response = await ask("/models", { headers: { authorization: `Bearer ${token}` } });
  t.true(Number(response.headers.get("retry-after")) > 0);
});

test.serial("a file of tokens that cannot be read ends the start", async (t) => {
  const folder = await temporaryFolder(t);
  const tokens = join(folder, "tokens");
  const start = () => Service.start({ folder, port: 0, tokens }, pino({ level: "silent" }));
  await t.throwsAsync(start, { code: "ENOENT" });
  await writeFile(tokens, "nonsense");
  await t.throwsAsync(start, { message: /tokens:1: the role/ });
});
