/* Bank cards at the counter. Whatever has a number of the caller's own is done once, however often it is asked for. */
import type { Door } from "./door.ts";
import type {
  BankAct,
  BankBalance,
  BankPaymentRequest,
  BankReturnRequest,
  BankSession,
  BankSettlement,
  Download,
  DownloadKind,
  Load,
  LoadRequest,
  Parked,
  ParkedAct,
  ParkedActRequest,
  Patience,
  SettlementWord,
} from "./service-types.ts";

export class BankClient {
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  signIn(patience: Patience = {}): Promise<BankSession> {
    return this.#door.post("/v1/bank/sign-in", patience);
  }

  signOff(patience: Patience = {}): Promise<BankSession> {
    return this.#door.post("/v1/bank/sign-off", patience);
  }

  pay(payment: BankPaymentRequest): Promise<BankAct> {
    return this.#door.post("/v1/bank/payments", payment);
  }

  payment(paymentNumber: string): Promise<BankAct> {
    return this.#door.get(`/v1/bank/payments/${encodeURIComponent(paymentNumber)}`);
  }

  /** A void or a refund. */
  takeBack(taken: BankReturnRequest): Promise<BankAct> {
    return this.#door.post("/v1/bank/returns", taken);
  }

  taken(returnNumber: string): Promise<BankAct> {
    return this.#door.get(`/v1/bank/returns/${encodeURIComponent(returnNumber)}`);
  }

  balance(patience: Patience = {}): Promise<BankBalance> {
    return this.#door.act("/v1/bank/balance", patience);
  }

  load(load: LoadRequest): Promise<Load> {
    return this.#door.post("/v1/bank/loads", load);
  }

  /** Compares the batch; one that was half done goes on. */
  settle(patience: Patience = {}): Promise<BankSettlement> {
    return this.#door.act("/v1/bank/settlement", patience);
  }

  /** Closes the batch of what is half done, by a person's word; said twice of a batch, it is done once. */
  settlementDealtWith(word: SettlementWord): Promise<BankSettlement> {
    return this.#door.post("/v1/bank/settlement/dealt-with", word);
  }

  download(what: DownloadKind, patience: Patience = {}): Promise<Download> {
    return this.#door.post("/v1/bank/downloads", { what, ...patience });
  }

  /** Messages to the bank that wait for a person. */
  parked(): Promise<Parked> {
    return this.#door.get("/v1/bank/parked");
  }

  /** What a person says of one of them; said twice, it is done once. */
  settleParked(subject: string, act: ParkedActRequest): Promise<ParkedAct> {
    return this.#door.act(`/v1/bank/parked/${encodeURIComponent(subject)}`, act);
  }
}
