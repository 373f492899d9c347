/** A verdict in a word and a colour. */
export function VerdictBadge({ verdict }: { verdict: string | null }) {
  return <span class={`verdict ${verdict ?? "none"}`}>{verdict ?? "no verdict"}</span>;
}
