/* What belongs to one order, by name. One name is one sale; each part of it has a name of its own that follows from it. */
import { assert } from "../../base/assert.ts";
import { saleMark } from "../quick-payment/record.ts";
import type { OrderName } from "./order.ts";

const CLIENT = /^[A-Za-z0-9-]{1,16}$/;
const ORDER_NUMBER = /^[\w-]{1,40}$/;

/** The client's name holds no dot, so that no two orders share a reference. */
export function orderReference({ client, orderNumber }: OrderName): string {
  assert(CLIENT.test(client) && ORDER_NUMBER.test(orderNumber), "the order's name was checked where it came in");
  return `${client}.${orderNumber}`;
}

export function settlementReference(order: string, attempt: number): string {
  return `${order}.s${attempt}`;
}

export function tenderReference(order: string, number: number): string {
  return `${order}.t${number}`;
}

export function voidReference(order: string, number: number): string {
  return `${order}.v${number}`;
}

/** There is one: money goes back once, when everything does. */
export function refundReference(order: string): string {
  return `${order}.r1`;
}

/** A tender that goes back the way it came; the numbers are the order's, not the tender's. */
export function returnReference(order: string, number: number): string {
  return `${order}.b${number}`;
}

export function offlineReference(order: string, number: number): string {
  return `${order}.o${number}`;
}

export function uploadReference(order: string, act: "sale" | "return"): string {
  return `${order}.u${act === "sale" ? 1 : 2}`;
}

export { saleMark };
