/** A share as people read it: two digits that count. */
export function percent(share: number): string {
  return `${new Intl.NumberFormat("en", { maximumSignificantDigits: 2 }).format(share * 100)} %`;
}

/** A score: four digits that count. */
export function short(value: number): string {
  return new Intl.NumberFormat("en", { maximumSignificantDigits: 4, useGrouping: false }).format(value);
}

export function whole(value: number): string {
  return new Intl.NumberFormat("en").format(value);
}

/** A time of this day, or a date and time of another one. */
export function when(iso: string): string {
  const time = new Date(iso);
  const isToday = time.toDateString() === new Date().toDateString();
  return isToday ? time.toLocaleTimeString() : time.toLocaleString();
}

/** "1 part", "2 parts". */
export function counted(count: number, what: string): string {
  return `${whole(count)} ${what}${count === 1 ? "" : "s"}`;
}
