/* Short hands for the rows of the table of services. */
import type { ServiceText } from "./acts.ts";
import type { Need, RowRefusal, ServiceRow, ShownBy } from "./row-types.ts";

export function text(zh: string, en: string): ServiceText {
  return { zh, en };
}

interface Rest {
  readonly needs?: readonly Need[];
  readonly offline?: ServiceRow["offline"];
  readonly gate?: boolean;
  readonly refusal: RowRefusal;
}

/** A row that is served where its needs are met. */
export function served(
  row: number,
  name: ServiceText,
  { by, needs = [], offline = "refused", gate = false, refusal }: Rest & { readonly by: ShownBy },
): ServiceRow {
  return { row, name, gate, by, needs, offline, refusal };
}

/** A row that is never served here. */
export function elsewhere(row: number, name: ServiceText, refusal: RowRefusal): ServiceRow {
  return { row, name, gate: false, needs: [], offline: "refused", refusal };
}

export function refusal(reason: string, office: RowRefusal["office"], said: ServiceText): RowRefusal {
  return { reason, office, text: said };
}

export function act(service: Extract<ShownBy, { kind: "act" }>["service"], more: Omit<Extract<ShownBy, { kind: "act" }>, "kind" | "service"> = {}): ShownBy {
  return { kind: "act", service, ...more };
}

export function flow(name: Extract<ShownBy, { kind: "flow" }>["flow"]): ShownBy {
  return { kind: "flow", flow: name };
}
