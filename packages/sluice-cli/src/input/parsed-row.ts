import type { CliError } from "../cli-error.ts";

/** A row of one file, before it has its index; or what keeps it from being one. */
export type ParsedRow =
  | { readonly line: number; readonly value: unknown }
  | { readonly line: number; readonly problem: CliError };

/** The rows of one block of text. They come in groups, because a promise for each would cost more than the parsing. */
export type ParsedRows = AsyncGenerator<Iterable<ParsedRow>>;
