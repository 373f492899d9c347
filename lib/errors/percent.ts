/** A share in words, with two digits: "0.12 %", "5 %". */
export function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
