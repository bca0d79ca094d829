/*
 * Goal: a message that breaks its field table is known by the names of what is wrong, before it is sent and before it is believed.
 * Method: one walk over value and table together. It never throws, it ends early on values that are too many, and it names places and
 * never what stands there, because a message is about a person. Spec: FSI, field tables.
 */
import { isObject } from "../json.ts";
import { type Field, type FieldKind, type MessageTable, type NodeTable, ROWS_MAX } from "./fields.ts";
import { HOUSE_TABLES } from "./house-tables.ts";
import { PERSON_TABLES } from "./person-tables.ts";
import { SETTLEMENT_TABLES } from "./settlement-tables.ts";
import { STOCK_TABLES } from "./stock-tables.ts";

/** What a region's data changes in the tables. */
export interface TableRegion {
  /** Length of a text member by its name, wherever it stands. */
  readonly lengths: Readonly<Record<string, number>>;
  /** Further members of a node, by the node's name. */
  readonly extras: Readonly<Record<string, readonly string[]>>;
}

export const PLAIN_REGION: TableRegion = { lengths: {}, extras: {} };

/** What was found in a reply. */
export interface OutputProblems {
  /** Needed, and missing or malformed: nothing follows from this reply. */
  readonly needed: readonly string[];
  /** Not needed and malformed: whoever reads it finds nothing there. */
  readonly odd: readonly string[];
}

/** Every message that has a table, by its transaction code. */
export const FSI_TABLES: Readonly<Record<string, MessageTable>> = { ...HOUSE_TABLES, ...PERSON_TABLES, ...SETTLEMENT_TABLES, ...STOCK_TABLES };

/** Most problems that are named: enough to mend a message, not enough to fill a log. */
const PROBLEMS_MAX = 20;
/** Longest member that is sent beyond a table. */
const OPEN_MEMBER_MAX = 500;
const MEMBER_NAME = /^[A-Za-z]\w{0,39}$/;
/** Taken in any object: the texts keep it for what a region adds. */
const EXTENSIONS: ReadonlySet<string> = new Set(["exp_content", "expContent"]);

function tableOf(infno: string): MessageTable | undefined {
  return Object.hasOwn(FSI_TABLES, infno) ? FSI_TABLES[infno] : undefined;
}

/** What is wrong with an input of our own, by name; empty when it may be sent. */
export function checkInput(infno: string, input: unknown, region: TableRegion = PLAIN_REGION): readonly string[] {
  const table = tableOf(infno);
  if (table === undefined) return ["infno: no table"];
  const walk = new Walk(region, "ours");
  walk.object(input, { ...table.input, required: true }, "");
  return [...walk.needed, ...walk.odd].slice(0, PROBLEMS_MAX);
}

/** What is wrong with a host's output. Members that the table does not name are none of our business: regions add some. */
export function checkOutput(infno: string, output: unknown, region: TableRegion = PLAIN_REGION): OutputProblems {
  const table = tableOf(infno);
  if (table === undefined) return { needed: [], odd: [] };
  const walk = new Walk(region, "theirs");
  walk.object(output, table.output, "");
  return { needed: walk.needed.slice(0, PROBLEMS_MAX), odd: walk.odd.slice(0, PROBLEMS_MAX) };
}

type Members = Readonly<Record<string, unknown>>;

/** Nothing there: left out, null, or text without a character. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === "string" && value.trim() === "");
}

class Walk {
  readonly needed: string[] = [];
  readonly odd: string[] = [];
  readonly #region: TableRegion;
  readonly #whose: "ours" | "theirs";

  constructor(region: TableRegion, whose: "ours" | "theirs") {
    this.#region = region;
    this.#whose = whose;
  }

  #note(place: string, what: string, needed: boolean): void {
    const list = needed ? this.needed : this.odd;
    // One problem more than is told, so that the walk can stop.
    if (list.length <= PROBLEMS_MAX) list.push(`${place}: ${what}`);
  }

  #full(): boolean {
    return this.needed.length > PROBLEMS_MAX || this.odd.length > PROBLEMS_MAX;
  }

  object(value: unknown, table: NodeTable, place: string): void {
    if (!isObject(value)) return this.#note(place === "" ? "message" : place, "not an object", table.required);
    for (const [name, field] of Object.entries(table.fields))
      this.#field(own(value, name), this.#sized(name, field), { place: inside(place, name), rowsNeeded: table.required });
    for (const [name, node] of Object.entries(table.nodes)) this.#node(own(value, name), node, inside(place, name));
    if (this.#whose === "ours") this.#strangers(value, table, place);
  }

  #node(value: unknown, table: NodeTable, place: string): void {
    if (isAbsent(value)) {
      if (table.required) this.#note(place, "missing", true);
      return;
    }
    if (table.shape === "object") this.object(value, table, place);
    else this.#rows(value, table, place);
  }

  /** Some hosts write a list of one row as that row. */
  #rows(value: unknown, table: NodeTable, place: string): void {
    const list: unknown = this.#whose === "theirs" && isObject(value) ? [value] : value;
    if (!Array.isArray(list)) return this.#note(place, "not a list", table.required);
    if (list.length > ROWS_MAX) return this.#note(place, "too many rows", table.required);
    if (list.length === 0 && table.required) return this.#note(place, "missing", true);
    for (const [index, row] of list.entries()) {
      if (this.#full()) return;
      this.object(row, table, `${place}[${index}]`);
    }
  }

  #field(value: unknown, field: Field, at: { readonly place: string; readonly rowsNeeded: boolean }): void {
    const needed = field.required && at.rowsNeeded;
    if (isAbsent(value)) {
      if (field.required) this.#note(at.place, "missing", needed);
      return;
    }
    const wrong = misfit(value, field.kind, this.#whose);
    if (wrong !== undefined) this.#note(at.place, wrong, needed);
  }

  #sized(name: string, field: Field): Field {
    const max = Object.hasOwn(this.#region.lengths, name) ? this.#region.lengths[name] : undefined;
    return max === undefined || field.kind.is !== "text" ? field : { ...field, kind: { is: "text", max } };
  }

  /** A member of our own that no table names is misspelled, or sent where it has no business. */
  #strangers(value: Members, table: NodeTable, place: string): void {
    const node = place.replace(/\[\d+\]$/, "").replace(/^.*\./, "");
    const extras = Object.hasOwn(this.#region.extras, node) ? this.#region.extras[node] : undefined;
    for (const [name, member] of Object.entries(value)) {
      if (member === undefined || Object.hasOwn(table.fields, name) || Object.hasOwn(table.nodes, name) || EXTENSIONS.has(name)) continue;
      const allowed = table.open || extras?.includes(name) === true;
      const said = inside(place, MEMBER_NAME.test(name) ? name : "?");
      if (!allowed || !MEMBER_NAME.test(name)) this.#note(said, "unknown", true);
      else if (typeof member !== "string" || member.length > OPEN_MEMBER_MAX) this.#note(said, `not text of ${OPEN_MEMBER_MAX}`, true);
    }
  }
}

function own(value: Members, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function inside(place: string, name: string): string {
  return place === "" ? name : `${place}.${name}`;
}

/** What a value is not, in the words of its kind; undefined when it fits. */
function misfit(value: unknown, kind: FieldKind, whose: "ours" | "theirs"): string | undefined {
  if (kind.is === "bytes") return isBytes(value) ? undefined : "not bytes";
  if (typeof value !== "string" && typeof value !== "number") return "not text";
  return textMisfit(String(value), kind, whose);
}

function textMisfit(text: string, kind: Exclude<FieldKind, { readonly is: "bytes" }>, whose: "ours" | "theirs"): string | undefined {
  const judged = (fits: boolean, what: string) => (fits ? undefined : what);
  switch (kind.is) {
    case "text":
      return lengthMisfit(text, kind.max);
    case "decimal":
      return judged(fitsDecimal(text, kind, whose), `not N(${kind.precision},${kind.scale})`);
    case "date":
      return judged((whose === "ours" ? DATE_SHAPE : LOOSE_DATE).test(text), "not a date");
    case "datetime":
      return judged((whose === "ours" ? DATETIME_SHAPE : LOOSE_DATE).test(text), "not a time");
    case "codes":
      return judged(kind.values.includes(text), "not one of its codes");
  }
}

const CONTROL = /\p{Cc}/u;

/** Length in characters as people count them, because the texts do. */
function lengthMisfit(text: string, max: number): string | undefined {
  if (CONTROL.test(text)) return "holds control characters";
  return text.length > max && Array.from(text).length > max ? `longer than ${max}` : undefined;
}

const DAY = String.raw`\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])`;
const TIME = String.raw`(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d`;
const DATE_SHAPE = new RegExp(`^${DAY}$`);
const DATETIME_SHAPE = new RegExp(`^${DAY} ${TIME}$`);
/** Hosts write days with and without their time, and times with fractions. */
const LOOSE_DATE = new RegExp(`^${DAY}(?:[ T]${TIME}(?:\\.\\d{1,9})?(?:Z|[+-]\\d{2}:?\\d{2})?)?$`);

const DECIMAL_SHAPE = /^(-?)(\d{1,40})(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,2}))?$/;

/** Digits as N(p,s) counts them: those before and behind the point, without zeros that say nothing. Exponents only from others. */
function fitsDecimal(text: string, kind: FieldKind & { readonly is: "decimal" }, whose: "ours" | "theirs"): boolean {
  const shape = DECIMAL_SHAPE.exec(whose === "theirs" ? text.trim() : text);
  if (shape === null || (whose === "ours" && shape[4] !== undefined)) return false;
  const [, sign, whole = "", fraction = "", exponent = "0"] = shape;
  const move = Number(exponent);
  const digits = `${whole}${fraction}`;
  const point = whole.length + move;
  const significant = digits.replace(/0+$/, "").length;
  const isZero = !/[1-9]/.test(digits);
  if (sign === "-" && !kind.signed && !isZero) return false;
  if (isZero) return true;
  const leading = digits.search(/[1-9]/);
  return point - leading <= kind.precision - kind.scale && significant - point <= kind.scale;
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function isBytes(value: unknown): boolean {
  if (typeof value === "string") return BASE64.test(value);
  return Array.isArray(value) && value.every((byte) => /^(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])$/.test(String(byte)));
}
