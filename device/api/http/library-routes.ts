/*
 * The functions of the national reader interface as calls of this API, for programs that have no shared library: the same functions, strings and
 * numbers, one caller at a time over both doors. Spec: LD/T 33.
 */
import * as z from "zod";
import { FUNCTION_NAMES, type FunctionName, libraryCall } from "../reader-library/functions.ts";
import { refusal } from "./errors.ts";
import { type Act, may } from "./roles.ts";
import { NOTHING, type Route, route } from "./route.ts";
import { named, text } from "./schema-words.ts";

const TEXT_MAX = 2_048;
const field = text(TEXT_MAX).exactOptional();
const number = z.int().min(0).max(255).exactOptional();

export const readerCallBody = named(
  "ReaderCallBody",
  z.strictObject({
    function: z.enum(FUNCTION_NAMES),
    iType: number,
    iAuthType: number,
    cardInfo: field,
    fileAddress: field,
    data: field,
    payInfo: field,
    key: field,
  }),
  "One call of the national reader interface; the parameters are those of its function.",
);

export const readerAnswer = named(
  "ReaderAnswer",
  z.strictObject({ result: z.int(), output: z.string() }),
  "0 or a negative number, and what a library would write into its buffer.",
);

/** What a function needs of whoever calls it, beside the counter's usual right: as at the doors of sales and services. */
function needsOf(name: FunctionName): Act | undefined {
  if (name === "iDoDebit") return "quick-payment";
  return name.startsWith("iReloadPIN") || name.startsWith("iUnblockPIN") ? "reset-pin" : undefined;
}

const call = route({
  id: "readerCall",
  method: "POST",
  path: "/v1/reader-library",
  summary: "Calls a function of the national reader interface, as the shared library does.",
  needs: "card-service",
  params: NOTHING,
  query: NOTHING,
  body: readerCallBody,
  answers: [{ status: 200, schema: readerAnswer }],
  refusals: ["not-offered"],
  handle: async ({ service }, { body, caller, operator }) => {
    const { readerLibrary } = service;
    if (readerLibrary === undefined) throw refusal("not-offered");
    const { function: name, ...given } = body;
    const needs = needsOf(name);
    if (needs !== undefined && !may(operator.role, needs)) throw refusal("not-allowed");
    const asker = { name: `client/${caller.client}`, operator: operator.operator };
    return { status: 200, json: await readerLibrary.call(asker, libraryCall(name, given), caller.signal) };
  },
});

export const LIBRARY_ROUTES: readonly Route[] = [call];
