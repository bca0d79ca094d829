/* Orders of the settlement host as they are written. A list with one word that is not understood is refused as a whole. */
import * as z from "zod";

const id = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/);

const order = z.discriminatedUnion("do", [
  z.strictObject({ id, do: z.literal("restart") }),
  z.strictObject({ id, do: z.literal("log-level"), level: z.enum(["info", "warn", "error"]) }),
  z.strictObject({ id, do: z.literal("drain") }),
  z.strictObject({ id, do: z.literal("reload-keys") }),
  z.strictObject({ id, do: z.literal("decommission") }),
]);

/** One act under the name by which it is done once. */
export type Order = Readonly<z.infer<typeof order>>;

const ORDERS_MAX = 16;

/** Never throws; undefined where it is no list of orders, or an id stands in it twice. */
export function parseOrders(value: unknown): readonly Order[] | undefined {
  const parsed = z.array(order).max(ORDERS_MAX).safeParse(value);
  if (!parsed.success) return undefined;
  return new Set(parsed.data.map((one) => one.id)).size === parsed.data.length ? parsed.data : undefined;
}
