/* Works in the caller's thread: for simulated worlds, where nothing may wait for the real event loop, and for small lists. */
import { Fault } from "../../base/fault.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import { beginJob, type ListSecrets, ListTools, type ListWorkshop } from "./work.ts";

export function openInlineWorkshop(suite: CipherSuite): (secrets: ListSecrets) => ListWorkshop {
  return (secrets) => {
    const tools = new ListTools(suite, secrets);
    let open = true;
    return {
      run: async (request, pieces) => {
        if (!open) throw new Fault("closed", "the lists are closed", { effectUnknown: false });
        const job = beginJob(tools, request);
        for await (const piece of pieces) job.push(piece);
        return job.end();
      },
      close: async () => {
        open = false;
      },
    };
  };
}
