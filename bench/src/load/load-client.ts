import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { clientFrame } from './client-frame.js';
import type { Meter } from './meter.js';
import type { Identity, Speaker } from './speaker.js';

/** One buffer for all sockets of the thread: each read is looked at before the next one starts. */
const READ_BUFFER = Buffer.allocUnsafe(262_144);
/** So much of a frame is wanted in one piece: enough for its kind and its timestamp. */
const PREFIX_BYTES = 512;
const END_OF_HEAD = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);
const FIN_TEXT = 0x81;
const CLOSE = 0x88;

export interface LoadClientOptions {
  readonly port: number;
  readonly speaker: Speaker;
  readonly identity: Identity;
  readonly meter: Meter;
  /** Sees the text of every frame; for set-up only. */
  readonly onText?: ((text: string) => void) | undefined;
}

/** A WebSocket client on a bare socket that costs next to nothing: it counts frames and answers pings. */
export class LoadClient {
  readonly identity: Identity;
  /** Resolves when the client is a member of all its rooms. */
  readonly ready: Promise<void>;
  deliveries = 0;
  onDelivery: (() => void) | undefined;
  onReply: (() => void) | undefined;
  readonly #options: LoadClientOptions;
  readonly #socket: Socket;
  #isUpgraded = false;
  #carry: Buffer = NOTHING;
  #skip = 0;
  #readies: number;
  #isReady: () => void = () => {};
  #isUnready: (error: Error) => void = () => {};
  #isCut = false;

  constructor(options: LoadClientOptions) {
    this.#options = options;
    this.identity = options.identity;
    this.#readies = options.speaker.readiesOf(options.identity);
    this.ready = new Promise((resolve, reject) => {
      this.#isReady = resolve;
      this.#isUnready = reject;
    });
    this.#socket = connect({
      host: '127.0.0.1',
      port: options.port,
      noDelay: true,
      onread: {
        buffer: READ_BUFFER,
        callback: (length) => {
          this.#read(READ_BUFFER.subarray(0, length));
          return true;
        },
      },
    });
    this.#socket.on('connect', () => this.#socket.write(this.#handshake()));
    this.#socket.on('error', (error) => this.#failed(error));
    this.#socket.on('close', () => this.#failed(new Error('The server closed the connection.')));
  }

  send(text: string): void {
    this.#socket.write(clientFrame(text));
  }

  /** Several messages in one write. */
  sendAll(texts: readonly string[]): void {
    this.#socket.write(Buffer.concat(texts.map(clientFrame)));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends without a goodbye, and without a port in TIME_WAIT. */
  cut(): void {
    this.#isCut = true;
    this.#socket.resetAndDestroy();
  }

  #failed(error: Error): void {
    if (this.#isCut) return;
    this.#isUnready(error);
    this.#options.meter.fail(error);
  }

  #handshake(): string {
    const { speaker, identity, port } = this.#options;
    const lines = [
      `GET ${speaker.path(identity)} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      'Sec-WebSocket-Version: 13',
      ...(speaker.subprotocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${speaker.subprotocol}`]),
    ];
    return `${lines.join('\r\n')}\r\n\r\n`;
  }

  #read(chunk: Buffer): void {
    const bytes = this.#carry.length === 0 ? chunk : Buffer.concat([this.#carry, chunk]);
    this.#carry = NOTHING;
    if (this.#isUpgraded) {
      this.#frames(bytes, 0);
      return;
    }
    const end = bytes.indexOf(END_OF_HEAD);
    if (end < 0) {
      this.#carry = Buffer.from(bytes);
      return;
    }
    const head = bytes.toString('latin1', 0, end);
    if (!head.startsWith('HTTP/1.1 101')) {
      this.#failed(new Error(`The upgrade was refused: ${head.split('\r\n')[0]}`));
      return;
    }
    this.#isUpgraded = true;
    for (const text of this.#options.speaker.hello(this.identity)) this.send(text);
    this.#frames(bytes, end + END_OF_HEAD.length);
  }

  #frames(bytes: Buffer, from: number): void {
    let at = from;
    const end = bytes.length;
    if (this.#skip > 0) {
      const skipped = Math.min(this.#skip, end - at);
      this.#skip -= skipped;
      at += skipped;
    }
    while (at < end) {
      const short = (bytes[at + 1] ?? 0) & 0x7f;
      const headerLength = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (end - at < headerLength) break;
      const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUIntBE(at + 4, 6);
      const start = at + headerLength;
      if (end - start < Math.min(length, PREFIX_BYTES)) break;
      this.#frame(bytes, { opcode: bytes[at] ?? 0, start, length });
      at = start + length;
    }
    if (at > end) this.#skip = at - end;
    else if (at < end) this.#carry = Buffer.from(bytes.subarray(at));
  }

  #frame(bytes: Buffer, { opcode, start, length }: { opcode: number; start: number; length: number }): void {
    const { speaker, meter, onText } = this.#options;
    if (opcode !== FIN_TEXT) {
      if (opcode === CLOSE) this.#failed(new Error(`The server closed with ${bytes.readUInt16BE(start)}.`));
      return;
    }
    onText?.(bytes.toString('utf8', start, start + length));
    const kind = speaker.kindOf(bytes, start);
    if (kind === 'delivery') {
      this.deliveries++;
      meter.delivered(bytes, start, start + Math.min(length, PREFIX_BYTES));
      this.onDelivery?.();
    } else if (kind === 'reply') {
      this.onReply?.();
    } else if (kind === 'ping') {
      this.send(speaker.pong);
    } else if (kind === 'greeting') {
      for (const text of speaker.afterGreeting(this.identity)) this.send(text);
    } else if (kind === 'ready') {
      this.#readies--;
      if (this.#readies === 0) this.#isReady();
    } else if (kind === 'error') {
      this.#failed(new Error(`The server refused: ${bytes.toString('utf8', start, start + Math.min(length, 300))}`));
    }
  }
}
