/* The card's other functions at the counter: contributions, benefits, and every service of the card. */
import type { Door } from "./door.ts";
import type {
  Benefits,
  Bills,
  CaseAct,
  Contribution,
  ContributionCases,
  ContributionRequest,
  Patience,
  ReaderAnswer,
  ReaderCall,
  ServiceAct,
  ServiceRequest,
  ServiceTable,
} from "./service-types.ts";
import type { Slip } from "./types.ts";

export class ServicesClient {
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  /** What the holder of the card owes the agency. */
  bills(patience: Patience = {}): Promise<Bills> {
    return this.#door.act("/v1/contributions/bills", patience);
  }

  payContribution(contribution: ContributionRequest): Promise<Contribution> {
    return this.#door.post("/v1/contributions", contribution);
  }

  contribution(contributionNumber: string): Promise<Contribution> {
    return this.#door.get(`/v1/contributions/${encodeURIComponent(contributionNumber)}`);
  }

  /** Contributions that are not decided. */
  contributionCases(): Promise<ContributionCases> {
    return this.#door.get("/v1/contribution-cases");
  }

  /**
   * "try-again": the bank is asked once more. "give-back": the agency has not got what it does not answer for. "returned": the money was given back
   * by hand.
   */
  settleCase(subject: string, how: "try-again" | "give-back" | "returned"): Promise<CaseAct> {
    return this.#door.act(`/v1/contribution-cases/${encodeURIComponent(subject)}/${how}`);
  }

  /** The agency has what it does not answer for. */
  confirmCase(subject: string, receiptNumber: string): Promise<CaseAct> {
    return this.#door.act(`/v1/contribution-cases/${encodeURIComponent(subject)}/confirmed`, { receiptNumber });
  }

  printContribution(contributionNumber: string): Promise<Slip> {
    return this.#door.act(`/v1/contributions/${encodeURIComponent(contributionNumber)}/slip`);
  }

  benefits(patience: Patience = {}): Promise<Benefits> {
    return this.#door.act("/v1/benefits", patience);
  }

  /** One service of the card. Asked again after a lost answer where it has a number. */
  perform(request: ServiceRequest): Promise<ServiceAct> {
    return "serviceNumber" in request ? this.#door.post("/v1/services", request) : this.#door.act("/v1/services", request);
  }

  /** Calls a function of the national reader interface. Not asked again by itself: after a lost iDoDebit the same call finds its sale. */
  reader(call: ReaderCall): Promise<ReaderAnswer> {
    return this.#door.act("/v1/reader-library", call);
  }

  /** Every service as it stands at this terminal. */
  table(): Promise<ServiceTable> {
    return this.#door.get("/v1/services");
  }
}
