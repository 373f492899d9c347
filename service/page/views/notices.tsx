import type { ComponentChildren } from "preact";

/** Says what went wrong; nothing if nothing did. */
export function Failure({ message }: { message: string | undefined }) {
  return (
    <div role="alert" class={message === undefined ? undefined : "notice failure"}>
      {message}
    </div>
  );
}

/** Says what is missing. */
export function Missing({ children }: { children: ComponentChildren }) {
  return <p class="notice">{children}</p>;
}

/** Results are not kept. */
export function NoStore({ what }: { what: string }) {
  return (
    <Missing>
      This service keeps no results, so there is nothing to {what}. Run it with <code>--store</code> and a
      folder.
    </Missing>
  );
}
