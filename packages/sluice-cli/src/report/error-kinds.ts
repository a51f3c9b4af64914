/** Errors counted by what they are, with one of each to look at. */

/** More kinds are counted together. */
const MOST = 50;

export interface ErrorKind {
  readonly kind: string;
  count: number;
  /** The first of them. */
  readonly example: string;
  readonly index: number;
}

export class ErrorKinds {
  readonly #kinds = new Map<string, ErrorKind>();

  add(index: number, error: unknown): void {
    let { kind, example } = describe(error);
    if (!this.#kinds.has(kind) && this.#kinds.size >= MOST) kind = "others";
    const known = this.#kinds.get(kind);
    if (known) known.count += 1;
    else this.#kinds.set(kind, { kind, count: 1, example, index });
  }

  /** The commonest first. */
  get list(): readonly Readonly<ErrorKind>[] {
    return [...this.#kinds.values()].toSorted((a, b) => b.count - a.count);
  }
}

function describe(error: unknown): { kind: string; example: string } {
  const { name, code, message } = (
    typeof error === "object" && error !== null ? error : { message: String(error) }
  ) as { name?: unknown; code?: unknown; message?: unknown };
  const called = typeof name === "string" ? name : "thrown";
  const known = typeof code === "string" || typeof code === "number";
  const kind = (known ? `${called} ${code}` : called).slice(0, 80);
  return { kind, example: String(message ?? "").slice(0, 300) };
}
