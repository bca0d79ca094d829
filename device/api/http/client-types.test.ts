/* The client's types are the server's: whoever changes a schema is told here, by the compiler, what the client still believes. */
import { describe, expect, it } from "vitest";
import type * as z from "zod";
import type * as services from "../client/service-types.ts";
import type * as types from "../client/types.ts";
import type * as bank from "./bank-schemas.ts";
import type * as library from "./library-routes.ts";
import type * as schemas from "./schemas.ts";
import type * as service from "./service-schemas.ts";
import type * as shop from "./shop-schemas.ts";
import type * as terminal from "./terminal-schemas.ts";

type Frozen<Value> = Value extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: Frozen<Value[Key]> }
    : Value;

type Same<Left, Right> = [Frozen<Left>] extends [Frozen<Right>] ? ([Frozen<Right>] extends [Frozen<Left>] ? true : false) : false;
type Told<Schema extends z.ZodType, Type> = Same<z.output<Schema>, Type>;
type Taken<Schema extends z.ZodType, Type> = Same<z.input<Schema>, Type>;

const told: {
  readonly Said: Told<typeof schemas.said, types.Said>;
  readonly Error: Told<typeof schemas.errorBody, types.ErrorBody>;
  readonly SignedIn: Told<typeof schemas.signedIn, types.SignedIn>;
  readonly TenderKind: Told<typeof schemas.tenderKind, types.TenderKind>;
  readonly OfflineChoice: Told<typeof schemas.offlineChoice, types.OfflineChoice>;
  readonly Question: Told<typeof schemas.question, types.Question>;
  readonly Order: Told<typeof schemas.order, types.Order>;
  readonly Returned: Told<typeof schemas.returned, types.Returned>;
  readonly OrderEvent: Told<typeof schemas.orderEvent, types.OrderEvent>;
  readonly StreamItem: Told<typeof schemas.streamItem, types.StreamItem>;
  readonly Reprinted: Told<typeof schemas.reprinted, types.Reprinted>;
  readonly Status: Told<typeof terminal.status, types.Status>;
  readonly Uploads: Told<typeof schemas.parkedUploads, types.ParkedUploads>;
  readonly UploadAct: Told<typeof schemas.uploadAct, types.UploadAct>;
  readonly Offline: Told<typeof schemas.offlineSales, types.OfflineSales>;
  readonly TapTimes: Told<typeof terminal.tapTimes, types.TapTimes>;
  readonly Devices: Told<typeof terminal.devices, types.Devices>;
  readonly Scanned: Told<typeof terminal.scanned, types.Scanned>;
  readonly QuickPayment: Told<typeof schemas.quickPayment, types.QuickPayment>;
  readonly PrintedSlip: Told<typeof schemas.slip, types.Slip>;
  readonly SaleRefund: Told<typeof shop.saleRefund, types.SaleRefund>;
  readonly Shift: Told<typeof shop.shift, types.Shift>;
  readonly ShiftEnd: Told<typeof shop.shiftEnd, types.ShiftEnd>;
  readonly Gates: Told<typeof shop.gates, types.Gates>;
  readonly LaneOpened: Told<typeof shop.laneOpened, types.LaneOpened>;
  readonly GateItem: Told<typeof shop.gateItem, types.GateItem>;
  readonly SaleRefundBody: Taken<typeof shop.saleRefundBody, types.SaleRefundRequest>;
  readonly ReconciledDay: Told<typeof schemas.dayView, types.ReconciledDay>;
  readonly Report: Told<typeof schemas.report, types.ReconciliationReport>;
  readonly Credential: Taken<typeof schemas.credential, types.Credential>;
  readonly OrderItem: Taken<typeof schemas.orderItem, types.OrderItem>;
  readonly Basket: Taken<typeof schemas.orderBody, types.Basket>;
  readonly Answer: Taken<typeof schemas.answerBody, types.Answer>;
  readonly QuickPaymentBody: Taken<typeof schemas.quickPaymentBody, types.QuickPaymentRequest>;
  readonly Slip: Taken<typeof terminal.printBody, { slip: readonly types.SlipLine[]; timeoutMs?: number | undefined }>;
  readonly BankSession: Told<typeof bank.bankSession, services.BankSession>;
  readonly BankAct: Told<typeof bank.bankAct, services.BankAct>;
  readonly BankBalance: Told<typeof bank.bankBalance, services.BankBalance>;
  readonly Load: Told<typeof bank.load, services.Load>;
  readonly BankSettlement: Told<typeof bank.bankSettlement, services.BankSettlement>;
  readonly Download: Told<typeof bank.download, services.Download>;
  readonly Parked: Told<typeof bank.parked, services.Parked>;
  readonly ParkedAct: Told<typeof bank.parkedAct, services.ParkedAct>;
  readonly ParkedActBody: Taken<typeof bank.parkedActBody, services.ParkedActRequest>;
  readonly SettlementWord: Taken<typeof bank.settlementWordBody, services.SettlementWord>;
  readonly Patience: Taken<typeof bank.patienceBody, services.Patience>;
  readonly BankPaymentBody: Taken<typeof bank.bankPaymentBody, services.BankPaymentRequest>;
  readonly BankReturnBody: Taken<typeof bank.bankReturnBody, services.BankReturnRequest>;
  readonly LoadBody: Taken<typeof bank.loadBody, services.LoadRequest>;
  readonly DownloadBody: Taken<typeof bank.downloadBody, services.Patience & { readonly what: services.DownloadKind }>;
  readonly Bills: Told<typeof service.bills, services.Bills>;
  readonly Contribution: Told<typeof service.contribution, services.Contribution>;
  readonly ContributionCases: Told<typeof service.contributionCases, services.ContributionCases>;
  readonly CaseAct: Told<typeof service.caseAct, services.CaseAct>;
  readonly CaseConfirmed: Taken<typeof service.caseConfirmedBody, { readonly receiptNumber: string }>;
  readonly Benefits: Told<typeof service.benefits, services.Benefits>;
  readonly ContributionBody: Taken<typeof service.contributionBody, services.ContributionRequest>;
  readonly ServiceAct: Told<typeof service.serviceAct, services.ServiceAct>;
  readonly ServiceTable: Told<typeof service.serviceTable, services.ServiceTable>;
  readonly ServiceBody: Taken<typeof service.serviceBody, services.ServiceRequest>;
  readonly ReaderAnswer: Told<typeof library.readerAnswer, services.ReaderAnswer>;
  readonly ReaderCallBody: Taken<typeof library.readerCallBody, services.ReaderCall>;
} = {
  ...{
    BankSession: true,
    BankAct: true,
    BankBalance: true,
    Load: true,
    BankSettlement: true,
    Download: true,
    Parked: true,
    ParkedAct: true,
    ParkedActBody: true,
    Patience: true,
  },
  ...{
    BankPaymentBody: true,
    BankReturnBody: true,
    LoadBody: true,
    SettlementWord: true,
    DownloadBody: true,
    Bills: true,
    Contribution: true,
    ContributionCases: true,
  },
  ...{
    Benefits: true,
    CaseAct: true,
    CaseConfirmed: true,
    ContributionBody: true,
    ServiceAct: true,
    ServiceTable: true,
    ServiceBody: true,
    ReaderAnswer: true,
    ReaderCallBody: true,
  },
  ...{ Said: true, Error: true, SignedIn: true, TenderKind: true, OfflineChoice: true, Question: true, Order: true, Returned: true },
  ...{
    OrderEvent: true,
    StreamItem: true,
    Reprinted: true,
    Status: true,
    TapTimes: true,
    Devices: true,
    Scanned: true,
    QuickPayment: true,
    ReconciledDay: true,
  },
  ...{ PrintedSlip: true, SaleRefund: true, Shift: true, ShiftEnd: true, Gates: true, LaneOpened: true, GateItem: true, SaleRefundBody: true },
  ...{ Uploads: true, UploadAct: true, Offline: true },
  ...{ Report: true, Credential: true, OrderItem: true, Basket: true, Answer: true, QuickPaymentBody: true, Slip: true },
};

/** What differs is not the same: the comparison can fail. */
const different: readonly [Same<types.Order, types.Returned>, Same<{ a: string }, { a?: string }>] = [false, false];

describe("the client's types", () => {
  it("are those of the schemas", () => expect([Object.values(told).every(Boolean), ...different]).toEqual([true, false, false]));
});
