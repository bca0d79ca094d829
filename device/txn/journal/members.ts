/* Members of a record, as they are read back: what is absent or something else is nothing. */
import type { JsonObject } from "./types.ts";

/** A member of a record that is text, "" where it is absent or something else. */
export function textMember(object: JsonObject | undefined, name: string): string {
  const value = object?.[name];
  return typeof value === "string" ? value : "";
}

/** A member of a record that is a number. */
export function countMember(object: JsonObject, name: string): number | undefined {
  const value = object[name];
  return typeof value === "number" ? value : undefined;
}

/** Which act a record of kind "operation" is of; journals of before named some of them in another member. Spec: pos/v1, 3. */
export function operationOf(detail: JsonObject | undefined): string {
  return textMember(detail, "operation") || textMember(detail, "act");
}
