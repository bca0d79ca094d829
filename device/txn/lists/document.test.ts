import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BookEntry, ListDocumentWriter } from "../../../simulators/host/lists.ts";
import { type Bytes, concat, fromHex } from "../../base/bytes.ts";
import { DocumentReader, dayOfText, type EntrySink, type ListForm, type Section } from "./document.ts";
import type { ListLevel } from "./lists.ts";

interface Seen {
  readonly problem: string | undefined;
  readonly entries: readonly string[];
}

function read(body: Bytes, options: { readonly level?: ListLevel; readonly form?: ListForm; readonly cuts?: readonly number[] } = {}): Seen {
  const { level = "city", form = "whole", cuts = [] } = options;
  const entries: string[] = [];
  const sink: EntrySink = {
    entry: ({ change, entry, number, length }: Section, { first, second }, day) => {
      const text = (characters: Bytes) => String.fromCharCode(...characters.subarray(0, length));
      entries.push([change, entry, number, text(first), entry === "range" ? text(second) : "", entry === "loss" ? day : ""].join(" "));
    },
  };
  const reader = new DocumentReader({ level, form }, sink);
  let from = 0;
  for (const cut of [...cuts.map((at) => at % (body.length + 1)).sort((one, other) => one - other), body.length]) {
    reader.push(body.subarray(from, cut));
    from = cut;
  }
  return { problem: reader.end(), entries };
}

const HEAD = "594b494c 01 03 01 00 00000001";

describe("DocumentReader", () => {
  // Written by hand from docs/protocol.md, section 8.
  it.each([
    ["an empty list", "594b494c 01 03 01 00 00000000", []],
    ["half bytes", `${HEAD} 01 01 01 01 04 000000 00000002 1234 abcd`, ["add number 1 1234  ", "add number 1 ABCD  "]],
    ["an odd count of half bytes", `${HEAD} 01 05 04 01 03 000000 00000001 1230`, ["add debt 4 123  "]],
    ["characters", `${HEAD} 01 02 03 02 03 000000 00000001 41425a`, ["add block 3 ABZ  "]],
    ["a range", `${HEAD} 01 03 03 01 02 000000 00000001 10 1f`, ["add range 3 10 1F "]],
    ["a temporary loss", `${HEAD} 01 04 02 01 02 000000 00000001 77 20000301`, ["add loss 2 77  60"]],
    ["a section of none", `${HEAD} 01 01 01 01 04 000000 00000000`, []],
  ])("reads %s", (_, hex, entries) => expect(read(fromHex(hex))).toEqual({ problem: undefined, entries }));

  it.each([
    ["nothing", "", "list-malformed"],
    ["half a head", "594b494c 01", "list-malformed"],
    ["another magic", "594b494d 01 03 01 00 00000000", "list-malformed"],
    ["another version", "594b494c 02 03 01 00 00000000", "list-version-unknown"],
    ["another level", "594b494c 01 02 01 00 00000000", "list-level-wrong"],
    ["changes where a whole list is due", "594b494c 01 03 02 00 00000000", "list-form-wrong"],
    ["a reserved byte", "594b494c 01 03 01 01 00000000", "list-malformed"],
    ["too many sections", "594b494c 01 03 01 00 00001001", "list-too-large"],
    ["bytes behind the end", "594b494c 01 03 01 00 00000000 00", "list-malformed"],
    ["bytes behind the end, as many as a section's head", `594b494c 01 03 01 00 00000000 ${"00".repeat(12)}`, "list-malformed"],
    ["a missing section", HEAD, "list-malformed"],
    ["a missing row", `${HEAD} 01 01 01 01 04 000000 00000002 1234`, "list-malformed"],
    ["a cut row", `${HEAD} 01 01 01 01 04 000000 00000001 12`, "list-malformed"],
    ["an unknown change", `${HEAD} 03 01 01 01 04 000000 00000001 1234`, "list-malformed"],
    ["a removal in a whole list", `${HEAD} 02 01 01 01 04 000000 00000001 1234`, "list-malformed"],
    ["an unknown kind of entry", `${HEAD} 01 06 01 01 04 000000 00000001 1234`, "list-malformed"],
    ["no kind of entry", `${HEAD} 01 00 01 01 04 000000 00000001 1234`, "list-malformed"],
    ["an unknown kind of number", `${HEAD} 01 01 05 01 04 000000 00000001 1234`, "list-malformed"],
    ["no kind of number", `${HEAD} 01 01 00 01 04 000000 00000001 1234`, "list-malformed"],
    ["an unknown packing", `${HEAD} 01 01 01 03 04 000000 00000001 1234`, "list-malformed"],
    ["no length", `${HEAD} 01 01 01 01 00 000000 00000001 `, "list-malformed"],
    ["a length of 33", `${HEAD} 01 01 01 01 21 000000 00000001 ${"11".repeat(17)}`, "list-malformed"],
    ["a reserved byte of a section", `${HEAD} 01 01 01 01 04 000001 00000001 1234`, "list-malformed"],
    ["a half byte too many", `${HEAD} 01 01 01 01 03 000000 00000001 1234`, "list-malformed"],
    ["a small letter", `${HEAD} 01 01 01 02 01 000000 00000001 61`, "list-malformed"],
    ["a range that runs back", `${HEAD} 01 03 03 01 02 000000 00000001 11 10`, "list-malformed"],
    ["a range with an end that is no value", `${HEAD} 01 03 03 02 01 000000 00000001 30 20`, "list-malformed"],
    ["a day that does not exist", `${HEAD} 01 04 02 01 02 000000 00000001 77 20260229`, "list-malformed"],
    ["a date that is no number", `${HEAD} 01 04 02 01 02 000000 00000001 77 2026022a`, "list-malformed"],
    ["more entries than any list has", `${HEAD} 01 01 01 01 04 000000 01000001`, "list-too-large"],
    ["more ranges than are kept in full", `${HEAD} 01 03 01 01 04 000000 00030d41`, "list-too-large"],
  ])("refuses %s", (_, hex, problem) => expect(read(fromHex(hex)).problem).toBe(problem));

  const value = fc
    .integer({ min: 1, max: 32 })
    .chain((length) => fc.string({ unit: fc.constantFrom(..."0123456789ABCDEFZ"), minLength: length, maxLength: length }));
  const entry: fc.Arbitrary<BookEntry> = fc.oneof(
    fc.record({ entry: fc.constantFrom("number", "block", "debt"), number: fc.constantFrom("purse-serial", "account-number"), value }),
    fc
      .record({ entry: fc.constant("range"), number: fc.constant("card-number"), value, to: fc.constant("") })
      .map((row) => ({ ...row, to: row.value.replaceAll(/./g, "Z") })),
    fc.record({ entry: fc.constant("loss"), number: fc.constant("purse-serial"), value, date: fc.constantFrom("20260228", "20991231", "20000101") }),
  );
  const document = fc.array(fc.record({ add: fc.boolean(), row: entry }), { maxLength: 20 }).map((rows) => {
    const writer = new ListDocumentWriter("city", "delta");
    for (const { add, row } of rows) {
      if (add) writer.add(row);
      else writer.remove(row);
    }
    return { rows, body: writer.end() };
  });

  it("reads what the other side writes, in pieces of any size", () => {
    fc.assert(
      fc.property(document, fc.array(fc.nat()), ({ rows, body }, cuts) => {
        const seen = read(body, { form: "delta", cuts });
        expect(seen.problem).toBeUndefined();
        expect(seen.entries.map((line) => line.split(" ").slice(0, 5).join(" ")).sort()).toEqual(
          rows
            .map(({ add, row }) => {
              const number = { "purse-serial": 1, "card-identifier": 2, "card-number": 3, "account-number": 4 }[row.number];
              return [add ? "add" : "remove", row.entry, number, row.value, row.entry === "range" ? row.to : ""].join(" ");
            })
            .sort(),
        );
      }),
    );
  });

  it("never throws, and says the same of any bytes however they are cut", () => {
    const broken = document.chain(({ body }) =>
      fc.record({ at: fc.nat(), byte: fc.nat(255), end: fc.nat() }).map(({ at, byte, end }) => {
        const changed = body.map((old, index) => (index === at % body.length ? byte : old));
        return end % 3 === 0 ? changed.slice(0, end % body.length) : changed;
      }),
    );
    const headed = fc.uint8Array({ maxLength: 200 }).map((bytes) => concat(fromHex("594b494c 01 03 02 00 0000"), bytes));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), headed, broken), fc.array(fc.nat()), (body, cuts) => {
        const whole = read(body, { form: "delta" });
        expect(read(body, { form: "delta", cuts })).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });
});

describe("dayOfText", () => {
  it.each([
    ["20000101", 0],
    ["20000229", 59],
    ["20010101", 366],
    ["20261122", 9822],
    ["20991231", 36_524],
    ["19991231", undefined],
    ["21000101", undefined],
    ["20260229", undefined],
    ["20260431", undefined],
    ["20260001", undefined],
    ["20260100", undefined],
    ["2026011", undefined],
    ["202601011", undefined],
  ])("%s is %s", (text, day) => expect(dayOfText(text)).toBe(day));

  it("counts as the calendar does", () => {
    const first = Date.UTC(2000, 0, 1);
    for (let day = 0; day <= 36_524; day += 1) {
      expect(dayOfText(new Date(first + day * 86_400_000).toISOString().slice(0, 10).replaceAll("-", ""))).toBe(day);
    }
  });
});
