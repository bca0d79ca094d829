/*
 * Goal: the agency's keys do for a card what a person at the agency has allowed, and nothing else. Method: each authorisation names what it is for;
 * a MAC is made only over the command that follows from it, and everything is counted. Spec: agency/v1, key-use.
 */
import { fromHex, parseHex, toHex } from "../../../device/base/bytes.ts";
import { type JsonFields, textField } from "../canonical.ts";
import type { Request, ServiceAnswer } from "./envelope.ts";
import { type CardKeys, KeyMachine, openPadBlock, rootOf } from "./key-machine.ts";
import type { Authorization } from "./ledger.ts";
import { moment } from "./moments.ts";
import { cardOf, done, MALFORMED, part, refusalOfPerson, refuse, type ServiceContext, wordOf } from "./service.ts";
import type { AgencyCard } from "./words.ts";

const VALID_MS = 15 * 60_000;
const USES_MAX = 16;
const FACTOR = /^[0-9a-fA-F]{16}$/;
const DIRECTORIES = ["ssse", "df01", "df02", "df03", "df04", "df07"] as const;
const UNLOCK = "8424000004";
const BLOCK = "841e000104";

/** One UPDATE RECORD that was allowed. */
interface AllowedWrite {
  readonly file: number;
  readonly tag: number;
  readonly valueHex: string;
  readonly controlKey: string;
  readonly macKey: string;
}

/** What an authorisation is for; kept as JSON. */
interface Allowed {
  readonly allows: "unlock" | "reset" | "write" | "block";
  readonly cardKeys: JsonFields;
  readonly writes?: readonly JsonFields[];
  readonly macKey?: string;
  readonly newPin?: "initial" | "pad-block";
}

function cardKeysOf(fields: JsonFields): CardKeys | undefined {
  const algorithm = wordOf(fields, "algorithm", ["3des", "sm4"]);
  const { factors } = fields;
  if (algorithm === undefined || !Array.isArray(factors) || factors.length !== 3) return undefined;
  const all: readonly unknown[] = factors;
  return all.every((factor): factor is string => typeof factor === "string" && FACTOR.test(factor)) ? { algorithm, factors: all.map(fromHex) } : undefined;
}

/** A new authorisation; undefined where the card's keys are not named rightly. */
export function openAuthorization({ ledger, clock, randomness }: ServiceContext, { cardNumber }: AgencyCard, allowed: Allowed): JsonFields | undefined {
  if (cardKeysOf(allowed.cardKeys) === undefined) return undefined;
  const authorization = toHex(randomness.bytes(16));
  const untilMs = clock.wallMs() + VALID_MS;
  ledger.authorize({ authorization, cardNumber, facts: JSON.stringify(allowed), untilMs });
  return { authorization, validUntil: moment(untilMs) };
}

export function pinAuthorization(context: ServiceContext, { input }: Request): ServiceAnswer {
  const { variants } = context;
  const found = cardOf(context, input);
  if (!found.ok) return found.answer;
  const [action, variant, cardKeys] = [
    wordOf(input, "action", ["unlock", "reset"]),
    wordOf(input, "variant", ["module", "key-machine"]),
    part(input, "cardKeys"),
  ];
  if (action === undefined || variant === undefined || cardKeys === undefined) return MALFORMED;
  const refusal = refusalOfPerson(context, found.value, input);
  if (refusal !== undefined) return refusal;
  if (input["identityShown"] !== true) return refuse("identity-not-shown", "agency");
  if (found.value.status !== "active") return refuse("card-not-active", "agency");
  if (!variants.pinVariants.includes(variant)) return refuse("variant-not-offered", "agency");
  const { newPin } = variants;
  const opened = openAuthorization(context, found.value, { allows: action, cardKeys, newPin });
  return opened === undefined ? MALFORMED : done({ ...opened, action, variant, newPin });
}

export function blockAuthorization(context: ServiceContext, { input }: Request): ServiceAnswer {
  const found = cardOf(context, input);
  if (!found.ok) return found.answer;
  const [directory, cardKeys, listEntry] = [wordOf(input, "directory", DIRECTORIES), part(input, "cardKeys"), part(input, "listEntry")];
  if (directory === undefined || cardKeys === undefined || listEntry === undefined) return MALFORMED;
  const ordered = context.ledger.blockOrders().some(({ cardNumber, level }) => cardNumber === found.value.cardNumber && level === listEntry["level"]);
  if (!ordered) return refuse("no-block-order", "agency");
  const macKey = directory === "df07" ? "stk-ssse" : `stk-${directory}`;
  const opened = openAuthorization(context, found.value, { allows: "block", cardKeys, macKey });
  return opened === undefined ? MALFORMED : done({ ...opened, directory, controlKey: "lk", macKey });
}

interface Open {
  readonly authorization: Authorization;
  readonly allowed: Allowed;
}

function openOf({ ledger, clock }: ServiceContext, input: JsonFields): Open | ServiceAnswer {
  const authorization = ledger.authorization(textField(input, "authorization") ?? "");
  if (authorization === undefined) return refuse("authorization-unknown");
  if (authorization.result !== undefined || authorization.untilMs <= clock.wallMs()) return refuse("authorization-over");
  return { authorization, allowed: JSON.parse(authorization.facts) as Allowed };
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}

/** The command of a write, as its MAC covers it. Spec: LD/T 32.7, UPDATE RECORD. */
function writeInput({ file, tag, valueHex }: AllowedWrite): string {
  const record = `${hexByte(tag)}${hexByte(valueHex.length / 2)}${valueHex}`;
  return `04dc${hexByte(tag)}${hexByte(file << 3)}${hexByte(record.length / 2 + 4)}${record}`;
}

function writesOf({ writes = [] }: Allowed): readonly AllowedWrite[] {
  // Written by this agency itself, in its own form.
  return writes as unknown as readonly AllowedWrite[];
}

/** Whether an authorisation allows this use of this key. */
function mayUse(allowed: Allowed, { use, key, data }: { readonly use: string; readonly key: string; readonly data: string }): boolean {
  switch (allowed.allows) {
    case "unlock":
      return use === "mac" && key === "puk" && data === UNLOCK;
    case "reset":
      return (use === "proof" && key === "puk") || (use === "reload-command" && key === "stk-ssse");
    case "write":
      return writesOf(allowed).some((write) =>
        use === "proof" ? key === write.controlKey : use === "mac" && key === write.macKey && data === writeInput(write),
      );
    case "block":
      return use === "proof" ? key === "lk" : use === "mac" && key === allowed.macKey && data === BLOCK;
  }
}

export function keyUse(context: ServiceContext, { input }: Request): ServiceAnswer {
  const open = openOf(context, input);
  if ("ok" in open) return open;
  const use = wordOf(input, "use", ["proof", "mac", "reload-command"]);
  const [key, factorHex, dataHex] = ["key", "sessionFactor", "data"].map((name) => textField(input, name)?.toLowerCase());
  const [sessionFactor, data] = [parseHex(factorHex ?? "x"), parseHex(dataHex ?? "x")];
  if (use === undefined || key === undefined || sessionFactor?.length !== 8 || data === undefined) return MALFORMED;
  const root = rootOf(key);
  if (root === undefined) return refuse("key-missing");
  const { authorization, allowed } = open;
  if (!mayUse(allowed, { use, key, data: toHex(data) })) return refuse("command-not-authorized");
  if (authorization.uses >= USES_MAX) return refuse("uses-exhausted");
  const cardKeys = cardKeysOf(allowed.cardKeys);
  if (cardKeys === undefined || (use === "proof" && data.length !== 8)) return MALFORMED;
  context.ledger.countUse(authorization.authorization);
  const machine = new KeyMachine(context.suite, cardKeys);
  if (use === "proof") return done({ proof: toHex(machine.proof(root, sessionFactor, data)) });
  if (use === "mac") return done({ mac: toHex(machine.mac(root, sessionFactor, data)) });
  const digits = newPinOf(context, open, data);
  return digits === undefined ? refuse("request-malformed") : done({ command: toHex(machine.reloadCommand(root, sessionFactor, digits)) });
}

function newPinOf({ suite, ledger, variants }: ServiceContext, { authorization, allowed }: Open, data: Uint8Array): string | undefined {
  if (allowed.newPin === "initial") return data.length === 0 ? variants.initialPin : undefined;
  const card = ledger.card(authorization.cardNumber);
  return card === undefined ? undefined : openPadBlock(suite, data, card.cardIdentifier);
}

export function authorizationResult(context: ServiceContext, { input }: Request): ServiceAnswer {
  const authorization = context.ledger.authorization(textField(input, "authorization") ?? "");
  const result = wordOf(input, "done", ["yes", "no", "unknown"]);
  if (result === undefined) return MALFORMED;
  if (authorization === undefined) return refuse("authorization-unknown");
  if (authorization.result !== undefined && authorization.result !== result) return refuse("authorization-over");
  context.ledger.endAuthorization(authorization.authorization, result);
  return done({});
}
