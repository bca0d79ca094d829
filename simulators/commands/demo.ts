/* `demo`: what `npm start` runs. */
import { SILENT } from "../../device/base/log.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { systemClock } from "../../device/system/clock.ts";
import type { Command, OptionValues } from "../../device/system/command-line.ts";
import { formatBooks, readBooks } from "../demo/books.ts";
import { orSay, ShopDay } from "../demo/day.ts";
import type { PharmacyReport } from "../demo/pharmacy.ts";
import { Shop } from "../demo/shop.ts";

/** Pause between two sales while serving. */
const SERVE_PAUSE_MS = 3_000;

async function serve(shop: Shop, day: ShopDay, say: (line: string) => void): Promise<void> {
  const over = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => over.abort());
  say(`serving; broker at ${shop.brokerUrl}, end with Ctrl-C`);
  while (!over.signal.aborted) {
    await day.quickPayment();
    await systemClock()
      .sleep(SERVE_PAUSE_MS, over.signal)
      .catch(() => undefined);
  }
  await orSay(day.drain(), say);
}

async function demo(values: OptionValues): Promise<number> {
  const json = values["json"] === true;
  const say = (line: string) => {
    (json ? process.stderr : process.stdout).write(`${line}\n`);
  };
  say("in-process: cards, PSAM, reader, PIN entry, broker, settlement host, insurer, acquirer, agency; left out: PC/SC service, mosquitto, real devices");
  const shop = await Shop.open(openCipherSuite(), SILENT);
  try {
    const day = new ShopDay(shop, say);
    const ended = await orSay(day.run(), say);
    if (values["serve"] === true) await serve(shop, day, say);
    const books = await readBooks(shop, day.services);
    say(`\n${formatBooks(books)}\n\nthe next morning`);
    const pharmacy = await day.reconcile();
    if (json) process.stdout.write(`${JSON.stringify({ ...books, pharmacy })}\n`);
    return ended && books.equal && books.unknown === 0 && isCompared(pharmacy) ? 0 : 1;
  } finally {
    await shop.close();
  }
}

/** The day agrees with the insurer's books, and each planted entry was named for what it is. */
function isCompared({ state, differences, planted }: PharmacyReport): boolean {
  const named = ["voided-at-insurer", "foreign"].every((kind) => planted.some((each) => each.startsWith(kind)));
  return state === "equal" && differences === 0 && planted.length === 2 && named;
}

export const demoCommand: Command = {
  name: "demo",
  summary: "runs a day of a shop, everything simulated and embedded, and compares the books to the fen",
  options: {
    serve: { type: "boolean", summary: "keeps the shop open afterwards, with a sale every few seconds" },
    json: { type: "boolean", summary: "one JSON object on standard output, the story on standard error" },
  },
  run: demo,
};
