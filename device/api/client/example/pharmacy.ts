/*
 * A small pharmacy program: it signs in, sends a basket, shows the split, takes cash, prints, voids, takes a part back, and asks for the day's
 * reconciliation. Start it against a terminal with Node 24: `node pharmacy.ts` with YIKATONG_API, YIKATONG_TOKEN, YIKATONG_OPERATOR,
 * YIKATONG_PASSWORD, YIKATONG_DAY (a closed day, yyyy-MM-dd) and, for a day of its own, YIKATONG_RUN.
 */
import { type Basket, CounterClient, type Given, type Order, type OrderItem, type Question } from "../index.ts";

export interface Pharmacy {
  readonly baseUrl: string;
  readonly token: string;
  readonly operator: string;
  readonly password: string;
  /** Number of this run: orders are named after it, and a run of the same number is the same orders. */
  readonly run: string;
  /** The closed day that is compared with the insurer. */
  readonly day: string;
  readonly say: (line: string) => void;
}

const TABLETS: OrderItem = {
  nationalCode: "XA01ABD075A002010100001",
  ownCode: "1001",
  name: "阿莫西林胶囊",
  quantity: "2",
  unitPrice: "12.50",
  amountFen: 2_500,
};
const SYRUP: OrderItem = { nationalCode: "XR05CBA074X001010100002", ownCode: "1002", name: "止咳糖浆", quantity: "1", unitPrice: "18.00", amountFen: 1_800 };

function basketOf(invoiceNumber: string, items: readonly OrderItem[]): Basket {
  const amountFen = items.reduce((sum, item) => sum + item.amountFen, 0);
  return { credential: { kind: "card" }, amountFen, items, invoiceNumber, confirms: true };
}

const yuan = (amountFen: number): string => (amountFen / 100).toFixed(2);

/** What the person at the counter would do: look at the split, agree, take the rest in cash. */
function answerTo(question: Question, say: Pharmacy["say"]): Given {
  switch (question.ask) {
    case "insurance":
      return { answer: "insurance", insuranceType: question.choices[0] ?? "" };
    case "confirm":
      say(`insurer ${yuan(question.figures.fundFen)}, account ${yuan(question.figures.accountFen)}, to pay ${yuan(question.figures.cashFen)}`);
      return { answer: "confirm" };
    case "offline":
      return { answer: "offline", choice: question.choices[0] ?? "settle-later" };
    case "tender":
      say(`takes ${yuan(question.restFen)} in cash`);
      return { answer: "tender", tender: "cash", amountFen: question.restFen };
  }
}

/** The packs that are handed over, each with the code that the counter's scanner reads off it; here they are made up, others for every run. */
function withPacks(run: string, items: readonly OrderItem[]): readonly OrderItem[] {
  const codes = ({ ownCode, quantity }: OrderItem) => Array.from({ length: Number(quantity) }, (_, at) => ({ code: `${run}-${ownCode}-${at + 1}` }));
  return items.map((item) => ({ ...item, traceCodes: codes(item) }));
}

async function sell(client: CounterClient, shop: Pharmacy, sale: { readonly number: string; readonly items: readonly OrderItem[] }): Promise<Order> {
  const order = await client.settle(sale.number, basketOf(`INV-${sale.number}`, withPacks(shop.run, sale.items)), {
    onEvent: (event) => shop.say(`  ${sale.number}: ${event.is}`),
    onQuestion: (question) => answerTo(question, shop.say),
  });
  shop.say(`${order.orderNumber}: ${order.state}${order.says === undefined ? "" : `, ${order.says.zh}`}`);
  return order;
}

/** The day; what became of each order, by its number. */
export async function runPharmacy(shop: Pharmacy): Promise<Readonly<Record<string, string>>> {
  const client = new CounterClient(shop);
  const { role } = await client.signIn(shop.operator, shop.password);
  shop.say(`${shop.operator} (${role}) at terminal ${(await client.status()).terminalId}`);
  const [first, second, kept] = [`${shop.run}-1`, `${shop.run}-2`, `${shop.run}-3`];

  const sold = await sell(client, shop, { number: first, items: [TABLETS] });
  if (sold.receipts.includes("sale")) await client.reprint(first, "sale");
  const given = await client.voidOrder(first);
  shop.say(`${first}: ${given.state}`);

  await sell(client, shop, { number: second, items: [TABLETS, SYRUP] });
  const basket: Basket = { ...basketOf(`INV-${kept}`, withPacks(shop.run, [TABLETS])), confirms: false, tenders: ["cash"] };
  const returned = await client.returnGoods(second, { newOrderNumber: kept, basket });
  shop.say(`${second}: ${returned.given.state}; ${kept}: ${returned.kept?.state ?? "not begun"}`);

  const compared = await client.reconcile(shop.day);
  shop.say(`${compared.day}: ${compared.state}`);
  await client.signOut();
  return { [first]: given.state, [second]: returned.given.state, [kept]: returned.kept?.state ?? "", [compared.day]: compared.state };
}

if (import.meta.main) {
  const { YIKATONG_API: baseUrl = "http://127.0.0.1:7420", YIKATONG_TOKEN: token = "", YIKATONG_OPERATOR: operator = "" } = process.env;
  const { YIKATONG_PASSWORD: password = "", YIKATONG_DAY: day = "", YIKATONG_RUN: run = "demo" } = process.env;
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  say(JSON.stringify(await runPharmacy({ baseUrl, token, operator, password, day, run, say })));
}
