/** Prints tables and verdicts, and counts the verdicts. */

const missed: string[] = [];
let targets = 0;

/** Prints rows under a heading, the first column to the left and the others to the right. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): void {
  const lines = [heading, ...rows];
  const widths = heading.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  const show = (line: readonly string[]): string =>
    line
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[i]!)))
      .join("  ");
  console.log(show(heading));
  console.log(widths.map((width) => "-".repeat(width)).join("  "));
  for (const row of rows) console.log(show(row));
}

export function title(text: string): void {
  console.log(`\n## ${text}\n`);
}

/** One line for a target, and whether it is met. */
export function verdict(what: string, measured: string, target: string, met: boolean): void {
  targets++;
  const line = `${what}: ${measured} (target: ${target})`;
  if (!met) missed.push(line);
  console.log(`${met ? "  met   " : "  MISSED"}  ${line}`);
}

/** The last lines; true when every target was met. */
export function summary(): boolean {
  console.log(`\n${targets - missed.length} of ${targets} targets met.`);
  for (const line of missed) console.log(`  MISSED  ${line}`);
  return missed.length === 0;
}
