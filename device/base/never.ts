/* What must not be given up half-way waits under a signal that nobody aborts. */

/**
 * A signal of its own for each wait. One that all waits shared would hold on to every wait that never ends, such as those of a simulated
 * terminal whose power was cut.
 */
export function neverAborted(): AbortSignal {
  return new AbortController().signal;
}
