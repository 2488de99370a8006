import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { eventually } from './eventually.js';

export interface HandshakeOptions {
  readonly method?: string;
  readonly path?: string;
  /** Replaces or (undefined) removes a header of a good handshake, or adds one. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

export function handshake({ method = 'GET', path = '/ws', headers = {}, body = '' }: HandshakeOptions = {}): string {
  const all: Record<string, string | undefined> = {
    Host: 'localhost',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\r\n`]));
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

export interface ClientFrameOptions {
  readonly opcode?: number;
  readonly isFinal?: boolean;
  readonly isCompressed?: boolean;
  /** Four bytes. @default zeros: the payload as it is */
  readonly mask?: Buffer;
}

/** A client's frame. */
export function clientFrame(payload: string | Buffer, options: ClientFrameOptions = {}): Buffer {
  const { opcode = 1, isFinal = true, isCompressed = false, mask = Buffer.alloc(4) } = options;
  const bytes = Buffer.from(Buffer.from(payload).map((byte, index) => byte ^ (mask[index & 3] ?? 0)));
  const first = (isFinal ? 0x80 : 0) | (isCompressed ? 0x40 : 0) | opcode;
  if (bytes.length < 126) return Buffer.concat([Buffer.from([first, 0x80 | bytes.length]), mask, bytes]);
  const header = Buffer.alloc(bytes.length < 65_536 ? 4 : 10);
  header[0] = first;
  header[1] = 0x80 | (header.length === 4 ? 126 : 127);
  if (header.length === 4) header.writeUInt16BE(bytes.length, 2);
  else header.writeBigUInt64BE(BigInt(bytes.length), 2);
  return Buffer.concat([header, mask, bytes]);
}

export interface RawFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** TCP with a WebSocket's bytes on it, and no opinion about them. */
export class RawSocket implements AsyncDisposable {
  readonly socket: Socket;
  received = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
  }

  static async connect(port: number): Promise<RawSocket> {
    const socket = connect(port, '127.0.0.1');
    const raw = new RawSocket(socket);
    await once(socket, 'connect');
    return raw;
  }

  static async upgrade(port: number, options: HandshakeOptions = {}): Promise<RawSocket> {
    const raw = await RawSocket.connect(port);
    raw.socket.write(handshake(options));
    const status = await raw.status();
    if (status !== 101) throw new Error(`the upgrade was answered ${status}`);
    return raw;
  }

  /** The HTTP answer's head, as text. */
  async head(): Promise<string> {
    return eventually(() => {
      const end = this.received.indexOf('\r\n\r\n');
      return end === -1 ? null : this.received.subarray(0, end).toString();
    });
  }

  async status(): Promise<number> {
    return Number((await this.head()).split(' ')[1]);
  }

  /** Frames received after the 101, whole ones. */
  frames(): readonly RawFrame[] {
    const start = this.received.indexOf('\r\n\r\n');
    const frames: RawFrame[] = [];
    let at = start === -1 ? this.received.length : start + 4;
    while (at + 2 <= this.received.length) {
      const short = (this.received[at + 1] ?? 0) & 0x7f;
      const headerLength = short === 127 ? 10 : short === 126 ? 4 : 2;
      if (at + headerLength > this.received.length) break;
      const length =
        short === 127
          ? Number(this.received.readBigUInt64BE(at + 2))
          : short === 126
            ? this.received.readUInt16BE(at + 2)
            : short;
      const from = at + headerLength;
      if (from + length > this.received.length) break;
      frames.push({ opcode: (this.received[at] ?? 0) & 0x0f, payload: this.received.subarray(from, from + length) });
      at = from + length;
    }
    return frames;
  }

  texts(): readonly string[] {
    return this.frames()
      .filter(({ opcode }) => opcode === 1)
      .map(({ payload }) => payload.toString());
  }

  /** The code and reason of the server's close frame. */
  async closeFrame(timeoutMs = 5_000): Promise<{ readonly code: number; readonly reason: string }> {
    return eventually(
      () => {
        const close = this.frames().find(({ opcode }) => opcode === 8);
        return close && { code: close.payload.readUInt16BE(0), reason: close.payload.subarray(2).toString() };
      },
      { timeoutMs },
    );
  }

  async ended(timeoutMs = 5_000): Promise<void> {
    await eventually(() => this.socket.readableEnded || this.socket.destroyed, { timeoutMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.destroyed) return;
    const closed = once(this.socket, 'close');
    this.socket.destroy();
    await closed;
  }
}
