/* Card states, details, records, statements. Spec: agency/v1, 4. */

import { toHex } from "../../../device/base/bytes.ts";
import { encodeGbText } from "../../../device/codec/text.ts";
import { isFields, type JsonFields, textField } from "../canonical.ts";
import { openAuthorization } from "./authorizations.ts";
import type { Request, ServiceAnswer } from "./envelope.ts";
import { moment } from "./moments.ts";
import {
  type CardItemPlace,
  cardByNumber,
  cardOf,
  done,
  type Found,
  holderOf,
  MALFORMED,
  part,
  refusalOfPerson,
  refuse,
  type ServiceContext,
  wordOf,
} from "./service.ts";
import type { AgencyCard, AgencyPerson, PersonFacts } from "./words.ts";

const ROWS_MAX = 200;
const TELEPHONE = /^[0-9+ -]{5,20}$/;
const ADDRESS = /^.{2,60}$/u;
const RECORDS: Readonly<Record<string, keyof PersonFacts>> = {
  contributions: "contributions",
  employment: "employment",
  labour: "employment",
  "yearly-bill": "yearlyBills",
};

function cardOrPerson(context: ServiceContext, input: JsonFields): Found<AgencyCard> {
  if (part(input, "card") !== undefined) return cardOf(context, input);
  const found = cardByNumber(context, textField(input, "cardNumber") ?? "");
  if (found === undefined) return { ok: false, answer: refuse("card-unknown", "agency") };
  const refusal = refusalOfPerson(context, found, input);
  return refusal === undefined ? { ok: true, value: found } : { ok: false, answer: refusal };
}

export function cardStatus(context: ServiceContext, { input }: Request): ServiceAnswer {
  const found = cardOrPerson(context, input);
  if (!found.ok) return found.answer;
  const card = found.value;
  const person = holderOf(context, card);
  const loss = context.ledger.standingLoss(card.cardNumber);
  return done({
    status: card.status,
    since: moment(card.sinceMs),
    asOf: moment(context.clock.wallMs()),
    insuredPlaces: person?.facts.insuredPlaces ?? [],
    financialAccount: person?.account ?? "unknown",
    ...(loss === undefined
      ? {}
      : { loss: { loss: loss.loss, reportedAt: moment(loss.reportedMs), ...(loss.lapsesMs === undefined ? {} : { lapsesAt: moment(loss.lapsesMs) }) } }),
    ...(card.production === "" ? {} : { production: { step: card.production, since: moment(card.sinceMs) } }),
  });
}

/** All but the first and the last character. */
function starred(text: string): string {
  const characters = Array.from(text);
  return characters.map((character, at) => (at === 0 || (at === characters.length - 1 && at > 1) ? character : "*")).join("");
}

function withHolder(context: ServiceContext, input: JsonFields, tell: (person: AgencyPerson) => ServiceAnswer): ServiceAnswer {
  const found = cardOf(context, input);
  if (!found.ok) return found.answer;
  const person = holderOf(context, found.value);
  return person === undefined ? refuse("person-unknown", "agency") : tell(person);
}

export function personDetails(context: ServiceContext, { input }: Request): ServiceAnswer {
  return withHolder(context, input, ({ name, identityNumber, telephone, address }) =>
    done({ name: starred(name), identityNumber: starred(identityNumber), telephone, address, asOf: moment(context.clock.wallMs()) }),
  );
}

/** What a row belongs to, for the range of a question. */
function dayOf(row: JsonFields): string {
  const day = ["paidAt", "at", "from", "period", "year"].map((name) => textField(row, name)).find((value) => value !== undefined) ?? "";
  return day.replaceAll("-", "").slice(0, 8);
}

function within(rows: readonly JsonFields[], { from, to }: JsonFields): readonly JsonFields[] {
  const [first, last] = [typeof from === "string" ? from : "", typeof to === "string" ? to : "99999999"];
  const chosen = rows.filter((row) => dayOf(row) >= first.slice(0, dayOf(row).length) && dayOf(row) <= last.slice(0, dayOf(row).length));
  return chosen.toSorted((left, right) => (dayOf(left) < dayOf(right) ? 1 : -1)).slice(0, ROWS_MAX);
}

export function records(context: ServiceContext, { input }: Request): ServiceAnswer {
  const what = wordOf(input, "what", Object.keys(RECORDS));
  const list = what === undefined ? undefined : RECORDS[what];
  if (list === undefined) return MALFORMED;
  return withHolder(context, input, ({ facts }) => done({ asOf: moment(context.clock.wallMs()), rows: within(facts[list], input) }));
}

export function statement(context: ServiceContext, { input }: Request): ServiceAnswer {
  return withHolder(context, input, ({ facts }) =>
    done({ asOf: moment(context.clock.wallMs()), rows: within(facts.transactions, input), liftsBlock: context.variants.statementLiftsBlock }),
  );
}

export function activate(context: ServiceContext, { input }: Request): ServiceAnswer {
  const { ledger, clock, variants } = context;
  const found = cardOf(context, input);
  if (!found.ok) return found.answer;
  const method = wordOf(input, "method", ["operator", "initial-pin-changed"]);
  if (method === undefined) return MALFORMED;
  const refusal = refusalOfPerson(context, found.value, input);
  if (refusal !== undefined) return refusal;
  if (!variants.activation.includes(method)) return refuse("method-not-accepted", "agency");
  if (found.value.status !== "inactive") return refuse("not-inactive");
  const nowMs = clock.wallMs();
  ledger.setStatus(found.value.cardNumber, "active", nowMs);
  return done({ status: "active", activatedAt: moment(nowMs) });
}

interface Change {
  readonly name: "telephone" | "address";
  readonly value: string;
}

function changesOf(changes: JsonFields): readonly Change[] | ServiceAnswer {
  const wanted: Change[] = [];
  for (const [name, shape] of [
    ["telephone", TELEPHONE],
    ["address", ADDRESS],
  ] as const) {
    const value = changes[name];
    if (value === undefined) continue;
    if (typeof value !== "string" || !shape.test(value)) return refuse(`${name}-malformed`);
    wanted.push({ name, value });
  }
  return wanted.length === 0 ? MALFORMED : wanted;
}

/** One UPDATE RECORD: the whole field in GBK, filled with zeros. */
function writeOf({ directory, file, tag, length, controlKey, macKey }: CardItemPlace, value: string): JsonFields | undefined {
  const built = encodeGbText(value, length);
  return built.ok ? { directory, file, tag, valueHex: toHex(built.bytes), controlKey, macKey } : undefined;
}

export function personUpdate(context: ServiceContext, { input }: Request): ServiceAnswer {
  const { ledger, clock, variants } = context;
  const found = cardOf(context, input);
  if (!found.ok) return found.answer;
  const card = found.value;
  const refusal = refusalOfPerson(context, card, input);
  if (refusal !== undefined) return refusal;
  if (card.status !== "active") return refuse("card-not-active", "agency");
  const changes = changesOf(part(input, "changes") ?? {});
  if ("ok" in changes) return changes;
  ledger.changePerson(card.identityNumber, Object.fromEntries(changes.map(({ name, value }) => [name, value])));
  const told = { changed: changes.map(({ name }) => name), changedAt: moment(clock.wallMs()) };
  const cardKeys = input["cardKeys"];
  if (!isFields(cardKeys)) return done(told);
  const writes = changes.flatMap(({ name, value }) => {
    const place = variants.cardItems[name];
    const write = place === undefined ? undefined : writeOf(place, value);
    return write === undefined ? [] : [write];
  });
  if (writes.length === 0) return done({ ...told, writes });
  const opened = openAuthorization(context, card, { allows: "write", cardKeys, writes });
  return opened === undefined ? MALFORMED : done({ ...told, ...opened, writes });
}
