/*
 * Words in which the interface's field tables are written: what a member may hold, whether it must be there, and what stands inside what.
 * Lengths and digits are those of the texts; where regions differ, the profile's data overrides them by the member's name.
 * Spec: FSI, field tables.
 */

/** What a member may hold. */
export type FieldKind =
  | { readonly is: "text"; readonly max: number }
  /** N(precision,scale): digits altogether, digits behind the point. */
  | { readonly is: "decimal"; readonly precision: number; readonly scale: number; readonly signed: boolean }
  /** yyyy-MM-dd */
  | { readonly is: "date" }
  /** yyyy-MM-dd HH:mm:ss */
  | { readonly is: "datetime" }
  | { readonly is: "codes"; readonly values: readonly string[] }
  /** A file's bytes: Base64 text, or a list of numbers 0 to 255 where the region wants that. */
  | { readonly is: "bytes" };

export interface Field {
  readonly kind: FieldKind;
  readonly required: boolean;
}

/** An object of a message, or a list of such objects. */
export interface NodeTable {
  readonly shape: "object" | "rows";
  readonly required: boolean;
  readonly fields: Readonly<Record<string, Field>>;
  readonly nodes: Readonly<Record<string, NodeTable>>;
  /** Members beyond the table may be sent as text: the line of a basket takes what its region asks for. */
  readonly open: boolean;
}

export interface MessageTable {
  readonly input: NodeTable;
  /** Only what is read; a host may say more. */
  readonly output: NodeTable;
}

/** What an object holds. */
export interface Members {
  readonly fields?: Readonly<Record<string, Field>>;
  readonly nodes?: Readonly<Record<string, NodeTable>>;
}

/** Most rows that any list may have; the basket's own bound lies below. */
export const ROWS_MAX = 5_000;

export const text = (max: number): FieldKind => ({ is: "text", max });
export const decimal = (precision: number, scale: number): FieldKind => ({ is: "decimal", precision, scale, signed: false });
export const signedDecimal = (precision: number, scale: number): FieldKind => ({ is: "decimal", precision, scale, signed: true });
export const codes = (...values: readonly string[]): FieldKind => ({ is: "codes", values });
export const DATE: FieldKind = { is: "date" };
export const DATETIME: FieldKind = { is: "datetime" };
export const BYTES: FieldKind = { is: "bytes" };

/** Every amount of the interface. */
export const AMOUNT = decimal(16, 2);
export const COUNT = decimal(16, 4);
export const PRICE = decimal(16, 6);
export const RATIO = decimal(5, 4);
/** Yes or no. */
export const FLAG = codes("0", "1");
export const AREA = text(6);

export const need = (kind: FieldKind): Field => ({ kind, required: true });
export const may = (kind: FieldKind): Field => ({ kind, required: false });

type Fields = Readonly<Record<string, Field>>;

/** An object that must be there. */
export const object = (fields: Fields): NodeTable => ({ shape: "object", required: true, fields, nodes: {}, open: false });
/** An object that may be left out; what it needs is needed only when it is there. */
export const optional = (node: NodeTable): NodeTable => ({ ...node, required: false });
/** A list with at least one row. */
export const rows = (fields: Fields): NodeTable => ({ shape: "rows", required: true, fields, nodes: {}, open: false });
/** Takes members beyond the table. */
export const open = (node: NodeTable): NodeTable => ({ ...node, open: true });

/** A message whose two sides are made of these nodes and, in some, of members that stand by themselves. */
export function message(input: Members, output: Members = {}): MessageTable {
  return { input: side(input), output: side(output) };
}

function side({ fields = {}, nodes = {} }: Members): NodeTable {
  return { shape: "object", required: true, fields, nodes, open: false };
}
