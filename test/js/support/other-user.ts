import { spawnSync } from "node:child_process";

/**
 * The beginning of a command line that runs a program as a user of its own without privileges, except that it may read
 * all files: a limit on threads does not bind root. Each call names another user, so that nobody shares the limit.
 *
 * @returns undefined if this process cannot do that; it then says which tests are skipped.
 */
export function asOtherUser(tests: string): string[] | undefined {
  const id = String(50_000 + ((process.pid * 7 + users++) % 10_000));
  const capabilities = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"];
  // Without the bit, Node.js is told of files that it could read that they are not there.
  const user = [`--reuid=${id}`, `--regid=${id}`, "--clear-groups", "--securebits=+no_setuid_fixup"];
  const prefix = ["setpriv", ...user, ...capabilities];
  if (spawnSync(prefix[0]!, [...prefix.slice(1), "true"]).status === 0) return prefix;
  console.error(`SKIPPED: ${tests}: this process cannot run a program as another user with setpriv`);
  return undefined;
}

let users = 0;
