/** The numbers in front of a record's states. */

/** Names one life of a row. */
export const BIRTH = 0;
/** Blocks: the row's name and key, and what its numbers mean. */
export const TITLE = 1;
export const SHAPE = 2;
/** From this instant on the row is as good as empty. */
export const IDLE = 3;
/** Nothing before it. */
export const GATE = 4;
/** The clock at the last commit: it never goes back. */
export const SEEN = 5;
/** The last one given; they rise. */
export const TICKET = 6;
/** 1 once a plan with `per: "limiter"` has used the row: then only the limiter's row changes it. */
export const GOVERNED = 7;
/** What `GOVERNED` is in the limiter's own row. */
export const ROOT = 2;
export const SIZE = 8;
/** Of the limiter's row: a key's row, and the two halves of its word before and after. */
export const LINK_ROW = 9;
export const LINK_OLD = 10;
export const LINK_NEW = 12;
/** The block in which admissions are entered after the record was written; 0 without one. */
export const TAIL = 14;
/** How many numbers precede the states. */
export const HEADER = 15;
