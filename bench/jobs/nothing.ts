/** What is left is the cost of the job itself. */
export default function nothing(row: unknown): unknown {
  return row;
}
