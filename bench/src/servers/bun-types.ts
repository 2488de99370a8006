/** The few parts of Bun that its server here uses; the whole of @types/bun would shadow Node's own types. */
interface BunSocket {
  readonly data: { readonly rooms: readonly string[] };
  subscribe(room: string): void;
  send(text: string): void;
}
export interface BunServer {
  readonly port: number;
  upgrade(request: Request, options: { readonly data: BunSocket['data'] }): boolean;
  publish(room: string, text: string): void;
}
interface BunRuntime {
  readonly version: string;
  gc(force: boolean): void;
  serve(options: {
    readonly port: number;
    readonly hostname: string;
    fetch(request: Request, server: BunServer): Response | undefined;
    readonly websocket: {
      open(socket: BunSocket): void;
      message(socket: BunSocket, text: string | Uint8Array): void;
    };
  }): BunServer;
}
declare global {
  var Bun: BunRuntime;
}
