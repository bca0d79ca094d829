import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SimulatedStorageDisk } from "../../../simulators/disk/storage.ts";
import { type BookEntry, type BookNumber, ListBook, ListDocumentWriter } from "../../../simulators/host/lists.ts";
import { toHex } from "../../base/bytes.ts";
import type { ListHit, ListKey } from "./lists.ts";
import { listKeysOf, reviewByLists } from "./review.ts";
import { ISSUED_MS, openTestLists, SUITE } from "./testing.ts";

const SERIAL = "31000000000012345678";
const key = (value: string, number: BookNumber = "purse-serial"): ListKey => ({ number, value });
const listed = (value: string, number: BookNumber = "purse-serial"): BookEntry => ({ entry: "number", number, value });

describe("what a question finds", () => {
  const rows: readonly { readonly name: string; readonly entry: BookEntry; readonly asked: ListKey; readonly hit: Omit<ListHit, "level"> | undefined }[] = [
    { name: "a number", entry: listed(SERIAL), asked: key(SERIAL), hit: { how: "exact", blockOrdered: false } },
    { name: "no other number", entry: listed(SERIAL), asked: key("31000000000012345679"), hit: undefined },
    { name: "the same digits of another kind", entry: listed(SERIAL), asked: key(SERIAL, "account-number"), hit: undefined },
    {
      name: "small letters as large ones",
      entry: listed("abcdef01", "card-identifier"),
      asked: key("ABCdef01", "card-identifier"),
      hit: { how: "exact", blockOrdered: false },
    },
    { name: "letters beyond F", entry: listed("X12345678", "card-number"), asked: key("x12345678", "card-number"), hit: { how: "exact", blockOrdered: false } },
    { name: "an odd count of digits", entry: listed("123", "card-number"), asked: key("123", "card-number"), hit: { how: "exact", blockOrdered: false } },
    { name: "no number that only begins alike", entry: listed("123", "card-number"), asked: key("1230", "card-number"), hit: undefined },
    { name: "a block order", entry: { entry: "block", number: "purse-serial", value: SERIAL }, asked: key(SERIAL), hit: { how: "exact", blockOrdered: true } },
    {
      name: "no block order for a neighbour",
      entry: { entry: "block", number: "purse-serial", value: SERIAL },
      asked: key("31000000000012345677"),
      hit: undefined,
    },
    {
      name: "a debt",
      entry: { entry: "debt", number: "account-number", value: "6222020000000001" },
      asked: key("6222020000000001", "account-number"),
      hit: { how: "debt", blockOrdered: false },
    },
    {
      name: "a temporary loss",
      entry: { entry: "loss", number: "purse-serial", value: SERIAL, date: "20261101" },
      asked: key(SERIAL),
      hit: { how: "temporary-loss", blockOrdered: false },
    },
    { name: "nothing of what is no number", entry: listed(SERIAL), asked: key("31000000000012345678 "), hit: undefined },
    { name: "nothing of an empty name", entry: listed(SERIAL), asked: key(""), hit: undefined },
    { name: "nothing of a name that is too long", entry: listed("1".repeat(32)), asked: key("1".repeat(33)), hit: undefined },
  ];
  it.each(rows)("$name", async ({ entry, asked, hit }) => {
    const { lists, take } = await openTestLists();
    expect(await take(new ListBook("city").list(entry).whole())).toEqual({ kind: "taken" });
    expect(lists.find([asked])).toEqual(hit === undefined ? undefined : { level: "city", ...hit });
  });

  it.each([
    ["A00000010", true],
    ["A00000019", true],
    ["A00000012", true],
    ["A00000009", false],
    ["A00000020", false],
    ["A0000001", false],
    ["A000000100", false],
    // Between two ranges of which the first reaches over the second.
    ["B00000050", true],
    ["B00000100", false],
  ])("range: %s is listed: %s", async (value, there) => {
    const { lists, take } = await openTestLists();
    const range = (from: string, to: string): BookEntry => ({ entry: "range", number: "card-number", value: from, to });
    const book = new ListBook("province").list(range("A00000010", "A00000019")).list(range("B00000000", "B00000099")).list(range("B00000010", "B00000012"));
    await take(book.whole());
    expect(lists.find([key(value, "card-number")])).toEqual(there ? { level: "province", how: "range", blockOrdered: false } : undefined);
  });

  it("the gravest of all levels, kinds and numbers", async () => {
    const { lists, take } = await openTestLists();
    await take(new ListBook("national").list({ entry: "debt", number: "purse-serial", value: SERIAL }).whole());
    await take(new ListBook("province").list({ entry: "range", number: "card-number", value: "100", to: "200" }).whole());
    const city = new ListBook("city").list(listed("6222"));
    await take(city.whole());
    expect(lists.find([key(SERIAL)])).toMatchObject({ level: "national", how: "debt" });
    expect(lists.find([key(SERIAL), key("150", "card-number")])).toMatchObject({ level: "province", how: "range" });
    expect(lists.find([key(SERIAL), key("150", "card-number"), key("6222")])).toMatchObject({ level: "city", how: "exact" });
    await take(city.list({ entry: "block", number: "card-number", value: "150" }).changes());
    expect(lists.find([key("6222"), key("150", "card-number"), key(SERIAL)])).toEqual({ level: "city", how: "exact", blockOrdered: true });
  });
});

describe("temporary loss", () => {
  const rules = { tempLossLapseDays: 7, lapseWhileOffline: false };
  it.each([
    { name: "counts through the last day", rules, today: "20261108", host: true, hit: true },
    { name: "lapses after it", rules, today: "20261109", host: true, hit: false },
    { name: "does not lapse while the host is silent", rules, today: "20261130", host: false, hit: true },
    { name: "lapses all the same where that is allowed", rules: { ...rules, lapseWhileOffline: true }, today: "20261109", host: false, hit: false },
    { name: "never lapses by a clock that is not trusted", rules: { ...rules, lapseWhileOffline: true }, today: undefined, host: true, hit: true },
    { name: "never lapses by a date that is none", rules, today: "20261301", host: true, hit: true },
    { name: "counts when it was reported tomorrow", rules, today: "20261031", host: true, hit: true },
    { name: "stays where no rule ends it", rules: { lapseWhileOffline: true }, today: "20991231", host: true, hit: true },
  ])("$name", async ({ rules: given, today, host, hit }) => {
    const { lists, take } = await openTestLists({ rules: given, trustedTodayOrUndefined: () => today, hostPresent: () => host });
    await take(new ListBook("city").list({ entry: "loss", number: "purse-serial", value: SERIAL, date: "20261101" }).whole());
    expect(lists.find([key(SERIAL)])?.how).toBe(hit ? "temporary-loss" : undefined);
  });

  it("takes the day of a later report", async () => {
    const { lists, take } = await openTestLists({ rules, trustedTodayOrUndefined: () => "20261109" });
    const book = new ListBook("city").list({ entry: "loss", number: "purse-serial", value: SERIAL, date: "20261101" });
    await take(book.whole());
    await take(book.list({ entry: "loss", number: "purse-serial", value: SERIAL, date: "20261105" }).changes());
    expect(lists.find([key(SERIAL)])?.how).toBe("temporary-loss");
  });

  it("uncovers the debt behind it when it lapses", async () => {
    const { lists, take } = await openTestLists({ rules, trustedTodayOrUndefined: () => "20261130" });
    const debt: BookEntry = { entry: "debt", number: "purse-serial", value: SERIAL };
    await take(new ListBook("city").list({ entry: "loss", number: "purse-serial", value: SERIAL, date: "20261101" }).list(debt).whole());
    expect(lists.find([key(SERIAL)])?.how).toBe("debt");
  });
});

describe("documents", () => {
  it("come in order: repeated, older, after a gap, of another stream", async () => {
    const { lists, take, takers } = await openTestLists();
    const book = new ListBook("national").list(listed("1"));
    const first = book.whole();
    const second = book.list(listed("2")).changes();
    const third = book.list(listed("3")).changes();
    expect(await take(second)).toEqual({ kind: "gap" });
    expect(await take(first)).toEqual({ kind: "taken" });
    expect(await take(third)).toEqual({ kind: "gap" });
    expect(await take(second)).toEqual({ kind: "taken" });
    expect(await take(second)).toEqual({ kind: "taken" });
    expect(await take(first)).toEqual({ kind: "refused", reason: "older" });
    expect(await take(third)).toEqual({ kind: "taken" });
    expect(await take({ ...third, sequence: 4, base: 4 })).toEqual({ kind: "refused", reason: "sequence-wrong" });
    expect(await takers[0]?.take({ ...first, sequence: 9, stream: "list/city", issuedMs: 1 })).toEqual({ kind: "refused", reason: "other-stream" });
    expect(lists.states()).toEqual([
      { level: "national", sequence: 3, entries: 3, issuedMs: ISSUED_MS + 3 },
      { level: "province", sequence: 0, entries: 0, issuedMs: undefined },
      { level: "city", sequence: 0, entries: 0, issuedMs: undefined },
    ]);
    expect(takers.map((taker) => [taker.stream, taker.have()])).toEqual([
      ["list/national", 3],
      ["list/province", 0],
      ["list/city", 0],
    ]);
  });

  it("that are refused change nothing", async () => {
    const { lists, take } = await openTestLists();
    const book = new ListBook("city").list(listed("1"));
    await take(book.whole());
    const whole = new ListDocumentWriter("city", "whole").add(listed("2")).end();
    const delta = new ListDocumentWriter("city", "delta").add(listed("2")).end();
    const other = new ListDocumentWriter("province", "delta").add(listed("2")).end();
    const newer = delta.map((byte, at) => (at === 4 ? 2 : byte));
    for (const [body, base, reason] of [
      [whole, 1, "list-form-wrong"],
      [delta, 0, "list-form-wrong"],
      [other, 1, "list-level-wrong"],
      [newer, 1, "list-version-unknown"],
      [delta.slice(0, -1), 1, "list-malformed"],
      [new Uint8Array(0), 1, "list-malformed"],
    ] as const) {
      expect(await take({ stream: "list/city", sequence: 2, base, body })).toEqual({ kind: "refused", reason });
    }
    expect(lists.find([key("2")])).toBeUndefined();
    expect(lists.find([key("1")])?.how).toBe("exact");
    expect(lists.states()[2]).toMatchObject({ sequence: 1, entries: 1 });
  });
});

/** Few values, so that changes meet. */
const values = fc.integer({ min: 0, max: 30 }).map((value) => `40${value}`);
const numbers = fc.constantFrom<BookNumber[]>("purse-serial", "card-number");
const entries: fc.Arbitrary<BookEntry> = fc.oneof(
  fc.record({ entry: fc.constantFrom("number", "block", "debt"), number: numbers, value: values }),
  fc.record({ entry: fc.constant("range"), number: numbers, value: values, to: values }).map((row) => {
    const [from, to] = [row.value.padStart(4, "0"), row.to.padStart(4, "0")].sort();
    return { ...row, entry: "range" as const, value: from ?? "", to: to ?? "" };
  }),
  fc.record({ entry: fc.constant("loss"), number: numbers, value: values, date: fc.constantFrom("20261101", "20261120") }),
);
const changes = fc.array(fc.record({ add: fc.boolean(), entry: entries }), { maxLength: 12 });

/** What a book says of a number, read row by row. */
function oracle(book: ListBook, { number, value }: ListKey): string | undefined {
  const order = ["block", "exact", "range", "temporary-loss", "debt"];
  const found = [...book.entries].flatMap((entry) => {
    if (entry.number !== number) return [];
    if (entry.entry === "range") return entry.value.length === value.length && entry.value <= value && value <= entry.to ? ["range"] : [];
    if (entry.value !== value || (entry.entry === "loss" && entry.date === "20261101")) return [];
    return [{ number: "exact", block: "block", debt: "debt", loss: "temporary-loss" }[entry.entry]];
  });
  return order.find((grade) => found.includes(grade));
}

const ASKED = ["purse-serial", "card-number"].flatMap((number) =>
  Array.from({ length: 31 }, (_, at) => [`40${at}`, `40${at}`.padStart(4, "0")]).flatMap((all) => all.map((value) => key(value, number as BookNumber))),
);

describe("any books and changes", () => {
  it("are what a reader of the rows says, before and after a start, with new bases made meanwhile", async () => {
    const parts = { rules: { tempLossLapseDays: 7, lapseWhileOffline: false }, trustedTodayOrUndefined: () => "20261122" };
    await fc.assert(
      fc.asyncProperty(changes, fc.array(changes, { maxLength: 8 }), fc.constantFrom(1, 6, 1000), async (first, later, foldAt) => {
        const disk = new SimulatedStorageDisk();
        const running = await openTestLists({ ...parts, disk, foldAt });
        const book = new ListBook("province");
        for (const { entry } of first) book.list(entry);
        expect(await running.take(book.whole())).toEqual({ kind: "taken" });
        for (const step of later) {
          for (const { add, entry } of step) {
            if (add) book.list(entry);
            else book.takeBack(entry);
          }
          expect(await running.take(book.changes())).toEqual({ kind: "taken" });
        }
        const expected = ASKED.map((asked) => oracle(book, asked));
        const gradeOf = (hit: ListHit | undefined) => (hit?.blockOrdered === true ? "block" : hit?.how);
        expect(ASKED.map((asked) => gradeOf(running.lists.find([asked])))).toEqual(expected);
        expect(running.lists.states()[1]?.entries).toBe([...book.entries].length);
        await running.close();
        const again = await openTestLists({ ...parts, disk, foldAt });
        expect(ASKED.map((asked) => gradeOf(again.lists.find([asked])))).toEqual(expected);
        expect(again.lists.states()).toEqual(running.lists.states());
      }),
      { numRuns: 60 },
    );
  });

  it("go on through many small changes in a bounded number of files", async () => {
    const { disk, take, lists } = await openTestLists();
    const book = new ListBook("city");
    await take(book.list(listed("0")).whole());
    for (let at = 1; at <= 100; at += 1)
      await take(
        book
          .list(listed(String(at)))
          .takeBack(listed(String(at - 1)))
          .changes(),
      );
    expect(disk.files.size).toBeLessThan(40);
    expect(lists.states()[2]).toMatchObject({ sequence: 101, entries: 1 });
    const again = await openTestLists({ disk });
    expect(again.lists.find([key("100")])?.how).toBe("exact");
    expect(again.lists.find([key("99")])).toBeUndefined();
  });
});

describe("files", () => {
  const before = "111";
  const after = "222";
  const three = (book: ListBook) => book.list({ entry: "block", number: "purse-serial", value: SERIAL });

  /** Takes a first version, and hands over a second one that is cut at the given change. */
  async function cutAt(
    change: number,
    when: "before" | "during" | "after",
    form: "whole" | "delta",
  ): Promise<{ readonly reached: boolean; readonly has: readonly boolean[] }> {
    const disk = new SimulatedStorageDisk();
    const book = three(new ListBook("city").list(listed(before)));
    await (await openTestLists({ disk })).take(book.whole());
    let seen = 0;
    let armed = true;
    disk.onChange(() => {
      seen += 1;
      if (!armed || seen !== change) return { kind: "go" };
      armed = false;
      return { kind: "cut", when };
    });
    const running = await openTestLists({ disk });
    const cut = new Promise<"cut">((resolve) => disk.onCut(() => resolve("cut")));
    book.takeBack(listed(before)).list(listed(after));
    await Promise.race([cut, running.take(form === "whole" ? book.whole() : book.changes())]);
    const reached = !armed;
    armed = false;
    const again = await openTestLists({ disk });
    const has = [before, after, SERIAL].map((value) => again.lists.find([key(value)]) !== undefined);
    // Whatever is there, the host can go on from it.
    expect(await again.take({ ...book.whole() })).toEqual({ kind: "taken" });
    expect(again.lists.find([key(after)])?.how).toBe("exact");
    expect([...disk.files.keys()].filter((name) => name.startsWith("city."))).toHaveLength(2);
    return { reached, has };
  }

  it.each(["whole", "delta"] as const)("a power cut at any moment leaves one version or the other: %s", async (form) => {
    const seen = new Set<string>();
    let change = 1;
    for (; change < 20; change += 1) {
      let last = false;
      for (const when of ["before", "during", "after"] as const) {
        const { reached, has } = await cutAt(change, when, form);
        expect([
          [true, false, true],
          [false, true, true],
        ]).toContainEqual(has);
        seen.add(String(has[0]));
        last ||= !reached;
      }
      if (last) break;
    }
    expect(change).toBeGreaterThan(2);
    expect(seen).toEqual(new Set(["true", "false"]));
  });

  it("hold no card number in the clear", async () => {
    const { disk, take } = await openTestLists();
    const book = new ListBook("city")
      .list(listed("6222021234567890123", "account-number"))
      .list({ entry: "block", number: "account-number", value: "6222029876543210987" });
    await take(book.whole());
    await take(
      book.list({ entry: "block", number: "account-number", value: "6222025555555555555" }).list(listed("6222024444444444444", "account-number")).changes(),
    );
    const all = [...disk.files.values()].map(toHex).join(" ");
    for (const value of ["6222021234567890123", "6222029876543210987", "6222025555555555555", "6222024444444444444"]) {
      expect(all).not.toContain(toHex(new TextEncoder().encode(value)));
      expect(all).not.toContain(value.slice(0, 18));
    }
  });

  it.each(["damaged", "shortened", "removed"])("a level with a %s file is missing, the others serve on, and a new whole list heals it", async (how) => {
    const { disk, take } = await openTestLists();
    const book = new ListBook("city").list(listed(before));
    await take(book.whole());
    await take(new ListBook("national").list(listed(after)).whole());
    const sound = new Map(disk.files);
    for (const name of [...sound.keys()].filter((file) => file.startsWith("city."))) {
      for (const [file, contents] of sound) disk.damage(file, contents);
      const contents = sound.get(name) ?? new Uint8Array(0);
      if (how === "damaged")
        disk.damage(
          name,
          contents.map((byte, at) => (at === contents.length >> 1 ? byte ^ 1 : byte)),
        );
      if (how === "shortened") disk.damage(name, contents.slice(0, -1));
      if (how === "removed") await disk.open().remove(name);
      const again = await openTestLists({ disk });
      expect(again.lists.states().map(({ sequence }) => sequence)).toEqual([1, 0, 0]);
      expect(again.log.events.filter(({ event, fields }) => event === "list-missing" && fields["level"] === "city")).toHaveLength(1);
      expect(again.lists.find([key(before)])).toBeUndefined();
      expect(again.lists.find([key(after)])?.level).toBe("national");
      expect(await again.take({ ...book.whole(), sequence: 7 })).toEqual({ kind: "taken" });
      expect((await openTestLists({ disk })).lists.find([key(before)])?.level).toBe("city");
    }
  });

  it("of another storage key are no list", async () => {
    const { disk, take } = await openTestLists();
    await take(three(new ListBook("city")).whole());
    const again = await openTestLists({ disk, storageKey: SUITE.secretKey(new Uint8Array(16).fill(8)) });
    expect(again.lists.states()[2]?.sequence).toBe(0);
    expect(again.log.has("list-missing")).toBe(true);
  });

  it.each([{ kind: "full" } as const, { kind: "broken", written: true } as const, { kind: "broken", written: false } as const])(
    "that cannot be written leave the version as it was, and the same document is taken later: %j",
    async (fate) => {
      const disk = new SimulatedStorageDisk();
      const { take, lists } = await openTestLists({ disk });
      const book = new ListBook("city").list(listed(before));
      await take(book.whole());
      const second = book.takeBack(listed(before)).list(listed(after)).changes();
      let at = 0;
      let failing = 1;
      disk.onChange(() => {
        at += 1;
        return at === failing ? fate : { kind: "go" };
      });
      for (; failing <= 2; failing += 1) {
        at = 0;
        await expect(take(second)).rejects.toMatchObject({ name: "Fault" });
        expect(lists.find([key(before)])?.how).toBe("exact");
      }
      failing = 0;
      expect(await take(second)).toEqual({ kind: "taken" });
      for (const opened of [lists, (await openTestLists({ disk })).lists]) {
        expect(opened.find([key(after)])?.how).toBe("exact");
        expect(opened.find([key(before)])).toBeUndefined();
      }
    },
  );
});

describe("what a card is asked for", () => {
  it.each([
    ["e-purse", "purse-serial"],
    ["compound", "purse-serial"],
    ["medical-purse", "card-identifier"],
    ["electronic-cash", "account-number"],
  ] as const)("%s: its %s", (purse, number) => {
    expect(listKeysOf({ purse, name: "12" })).toEqual([{ number, value: "12" }]);
    expect(listKeysOf({ purse, name: "12", cardNumber: "34" })).toEqual([
      { number, value: "12" },
      { number: "card-number", value: "34" },
    ]);
  });

  const name = SERIAL;
  it.each([
    [undefined, { kind: "clear" }],
    [listed(name), { kind: "refused", reason: "card-listed" }],
    [
      { entry: "block", number: "purse-serial", value: name },
      { kind: "refused", reason: "card-listed", block: true },
    ],
    [
      { entry: "range", number: "purse-serial", value: name, to: name },
      { kind: "refused", reason: "card-range-listed" },
    ],
    [
      { entry: "loss", number: "purse-serial", value: name, date: "20261101" },
      { kind: "refused", reason: "card-reported-lost" },
    ],
    [
      { entry: "debt", number: "purse-serial", value: name },
      { kind: "refused", reason: "debt-open" },
    ],
  ] as const)("%j means %j", async (entry, review) => {
    const { lists, take } = await openTestLists();
    const book = new ListBook("city");
    await take((entry === undefined ? book : book.list(entry)).whole());
    expect(reviewByLists(lists, { purse: "e-purse", name })).toEqual(review);
  });
});
