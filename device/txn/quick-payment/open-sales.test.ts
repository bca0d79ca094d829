/* Which open sales a card is asked for, when many cards have never come back. */
import { expect, test } from "vitest";
import { SimulatedJournalDisk } from "../../../simulators/disk/journal-store.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import type { TerminalJournal } from "../journal/journal.ts";
import { openTestJournal, step } from "../journal/testing.ts";
import { OpenSales } from "./open-sales.ts";

const NAMES = { "e-purse": "cardSerial", "electronic-cash": "pan" } as const;

function rig() {
  const disk = new SimulatedJournalDisk({});
  const parts = { clock: new VirtualClock(1_790_000_000_000), randomness: new SeededRandomness("open-sales") };
  return { start: () => openTestJournal({ ...parts, store: disk.open() }), crash: () => disk.crash() };
}

async function begun(journal: TerminalJournal, purse: keyof typeof NAMES, card: number): Promise<string> {
  const detail = { terminalNumber: "112233445566", terminalSeq: card, purse };
  return (await journal.append(step("prepared", { card: String(card), detail, personal: { [NAMES[purse]]: String(card) } }))).subject;
}

async function torn(journal: TerminalJournal, purse: keyof typeof NAMES, card: number): Promise<string> {
  const subject = await begun(journal, purse, card);
  await journal.append(step("unknown", { subject }));
  return subject;
}

/** The journal, and how often it is asked for entries. */
function counted(journal: TerminalJournal) {
  const asked = { times: 0 };
  const watched: Pick<TerminalJournal, "boot" | "openSubjects" | "entriesOf"> = {
    boot: journal.boot,
    openSubjects: (query) => journal.openSubjects(query),
    entriesOf: (subject) => {
      asked.times += 1;
      return journal.entriesOf(subject);
    },
  };
  return { watched, asked };
}

const subjectsOf = async (sales: OpenSales, journal: TerminalJournal) => (await sales.newest(journal)).map(({ subject }) => subject);

test("the newest of its purse come first, however many cards of before never returned", async () => {
  const journal = await rig().start();
  const [first, second] = [await torn(journal, "electronic-cash", 1), await torn(journal, "electronic-cash", 2)];
  for (let card = 10; card < 40; card += 1) await torn(journal, "e-purse", card);
  const third = await torn(journal, "electronic-cash", 3);
  expect(await subjectsOf(new OpenSales("electronic-cash"), journal)).toEqual([third, second, first]);
  for (let card = 40; card < 340; card += 1) await torn(journal, "e-purse", card);
  const fourth = await torn(journal, "electronic-cash", 4);
  expect(await subjectsOf(new OpenSales("electronic-cash"), journal)).toEqual([fourth]);
});

test("sales of other purses are read once, and not at every tap", async () => {
  const journal = await rig().start();
  for (let card = 1; card <= 60; card += 1) await torn(journal, "e-purse", card);
  await torn(journal, "electronic-cash", 99);
  const { watched, asked } = counted(journal);
  const sales = new OpenSales("electronic-cash");
  await sales.newest(watched);
  expect(asked.times).toBe(61);
  await sales.newest(watched);
  expect(asked.times).toBe(62);
});

test("a sale that another lane is at is nobody else's, until its life is over", async () => {
  const { start, crash } = rig();
  const journal = await start();
  const sales = new OpenSales("electronic-cash");
  const subject = await begun(journal, "electronic-cash", 1);
  expect(await subjectsOf(sales, journal)).toEqual([]);
  crash();
  expect(await subjectsOf(sales, await start())).toEqual([subject]);
});
