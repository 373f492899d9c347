import { statSync } from "node:fs";

/**
 * Why a folder is not to be trusted with code that this process opens: everybody may write to it, or it belongs to
 * another user who is not root. Undefined if neither is so, or if it does not exist.
 */
export function distrustOf(folder: string): string | undefined {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if ((found.mode & 0o002) !== 0)
    return `every user may write to ${folder}, and so choose the code that runs here; run chmod o-w ${folder}`;
  const user = process.geteuid?.();
  if (found.uid === 0 || found.uid === user) return undefined;
  return `${folder} belongs to user ${found.uid}, but this process runs as user ${user}; if you trust it, set LIBTORCH`;
}
