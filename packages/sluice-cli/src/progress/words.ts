/** Numbers as people read them. */

/** `1,234`. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** `98.7/s`; below one a second, per minute or hour. */
export function perTime(perSecond: number): string {
  if (perSecond >= 1000) return `${count(Math.round(perSecond))}/s`;
  if (perSecond >= 1 || perSecond === 0) return `${perSecond.toFixed(1)}/s`;
  if (perSecond * 60 >= 1) return `${(perSecond * 60).toFixed(1)}/m`;
  return `${(perSecond * 3600).toFixed(1)}/h`;
}

/** `0 ms`, `250 ms`, `2.5 s`, `42 s`, `3 m 20 s`, `5 h 7 m`, `3 d 4 h`. */
export function span(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1e3);
  if (ms < 9_950) return `${(ms / 1e3).toFixed(1)} s`;
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} m`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `1 retry`, `2 retries`. */
export function plural(value: number, one: string, many: string): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** What holds a job back, after its rate. */
export function bindingText(binds: string | undefined): string {
  return binds === undefined ? "" : ` held by ${binds}`;
}
