/** The part of the v2 client that the tests use; it came without types. */
declare module 'socket.io-client-v2' {
  interface SocketV2 {
    on(event: string, listener: (value: unknown) => void): this;
    emit(event: string, ...args: unknown[]): this;
    close(): this;
  }
  export default function io(url: string, options: Readonly<Record<string, unknown>>): SocketV2;
}
