/* The queue of uploads as an order sees it. Spec: FSI, 3505. Spec: FSI, 3506. */
import type { Clock } from "../../base/ports.ts";
import type { Journal } from "../journal/types.ts";
import type { StockUploads } from "./types.ts";

export interface StockUploadOptions {
  readonly ports: { readonly journal: Journal; readonly clock: Clock };
  /** Something was enqueued: the background looks at once. */
  readonly wake: () => void;
}

export function createStockUploads(_options: StockUploadOptions): StockUploads {
  return {
    enqueue: () => Promise.resolve({ subject: "" }),
    parked: () => Promise.resolve([]),
    retry: () => Promise.resolve("not-parked"),
    dismiss: () => Promise.resolve("not-parked"),
  };
}
