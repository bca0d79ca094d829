/* Words of which every schema is made: amounts, names, days and texts as they travel, and the register of what the document names. */
import * as z from "zod";

/** Schemas that the document names; the key is the name there. */
export const NAMED = z.registry<{ readonly id: string; readonly description?: string }>();

export function named<Schema extends z.ZodType>(id: string, schema: Schema, description?: string): Schema {
  NAMED.add(schema, description === undefined ? { id } : { id, description });
  return schema;
}

const MONEY_MAX = 0xffff_ffff;
/** Text of one line: control characters would end up on paper and in messages of the insurer. */
export const text = (length: number) => z.string().regex(new RegExp(`^[^\\u0000-\\u001f\\u007f]{1,${length}}$`));
export const word = (length: number) => z.string().regex(new RegExp(`^[A-Za-z0-9._-]{1,${length}}$`));
export const day = z.string().regex(/^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/);
export const fenAmount = z.int().min(0).max(MONEY_MAX);
export const paidAmount = z.int().min(1).max(MONEY_MAX);
export const fenSum = z.int().min(0);
/** Sums of many orders, and what a refund makes negative. */
export const signedFen = z.int();

export const orderNumber = z.string().regex(/^[A-Za-z0-9_-]{1,40}$/);

export const timeoutMs = z.int().min(100).max(120_000).default(30_000);
/** For acts that wait for card and PIN and then for a host. */
export const longTimeoutMs = z.int().min(1_000).max(120_000).default(90_000);
