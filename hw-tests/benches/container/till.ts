/* A counter's program for one question: signs in at the local API, sells once, prints what came of it. Started in the network of a container. */
import { CounterClient } from "../../../device/api/client/index.ts";

const [baseUrl = "", token = "", password = "", saleNumber = "", amountFen = "0"] = process.argv.slice(2);
const client = new CounterClient({ baseUrl, token });
await client.signIn("cashier", password);
const sale = await client.quickPayment({ saleNumber, purse: "e-purse", amountFen: Number(amountFen), timeoutMs: 20_000 });
process.stdout.write(`${JSON.stringify(sale)}\n`);
