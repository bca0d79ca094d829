/* A broker inside the process, for the default run that has no server: aedes on a loopback port of the system's choice. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { Aedes } from "aedes";
import { assert } from "../../device/base/assert.ts";

export interface EmbeddedBroker {
  /** mqtt://127.0.0.1:port */
  readonly url: string;
  readonly port: number;
  /** Ends every connection at once, as a lost network does; clients may come back. */
  dropConnections(): void;
  close(): Promise<void>;
}

export interface EmbeddedBrokerOptions {
  /** 0 (the default) lets the system choose. */
  readonly port?: number;
  /** Loopback unless a bench wants to be reached from outside. */
  readonly host?: string;
}

const CLIENT_ID_LENGTH_MAX = 64;

function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.removeListener("error", reject);
      const address = server.address();
      assert(address !== null && typeof address === "object", "a listening TCP server has an address");
      resolve(address);
    });
  });
}

export async function openEmbeddedBroker(options: EmbeddedBrokerOptions = {}): Promise<EmbeddedBroker> {
  const host = options.host ?? "127.0.0.1";
  const broker = await Aedes.createBroker({ maxClientsIdLength: CLIENT_ID_LENGTH_MAX });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    broker.handle(socket);
  });
  const { port } = await listen(server, options.port ?? 0, host);
  const dropConnections = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `mqtt://${host}:${port}`,
    port,
    dropConnections,
    close: async () => {
      dropConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      await new Promise<void>((resolve) => {
        broker.close(() => resolve());
      });
    },
  };
}
