/*
 * Goal: every service of the card that a holder may ask for at a counter is done here, or refused with its reason and the office that does it.
 * Method: one door for all of them; behind it each service is a part of its own, and the table says which rows are served at this terminal.
 */
import type { Limits } from "../../base/ports.ts";
import type { CardServiceActs, CardServiceOutcome, CardServiceRequest } from "./acts.ts";
import type { CardServicePorts } from "./ports.ts";

export interface CardServices extends CardServiceActs {
  /** Tells the agency what waits for it, and looks at what is not decided. Resolves with the number that still waits. Never rejects for hosts. */
  takeUpPending(limits: Limits): Promise<number>;
}

export function openCardServices(ports: CardServicePorts): CardServices {
  return {
    perform: (request, limits) => perform(ports, request, limits),
    table: () => [],
    takeUpPending: async () => 0,
  };
}

async function perform(ports: CardServicePorts, request: CardServiceRequest, _limits: Limits): Promise<CardServiceOutcome> {
  ports.log.info("card-service", { service: request.service });
  return { kind: "refused", reason: "not-offered", office: "agency", text: { zh: "本终端不办理此业务", en: "not offered at this terminal" } };
}
