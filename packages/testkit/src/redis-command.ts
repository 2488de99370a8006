import { once } from 'node:events';
import { connect } from 'node:net';

export type RedisReply = string | number | null | readonly RedisReply[];

export interface RedisCommandOptions {
  readonly password?: string | undefined;
  /** @default 5_000 */
  readonly timeoutMs?: number;
}

/** Sends one command over a connection of its own and resolves with the reply. @throws {Error} with the server's error text */
export async function redisCommand(
  port: number,
  args: readonly string[],
  options: RedisCommandOptions = {},
): Promise<RedisReply> {
  const { password, timeoutMs = 5_000 } = options;
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no reply to ${args[0]} within ${timeoutMs} ms`)));
  try {
    await once(socket, 'connect');
    const commands = password === undefined ? [args] : [['AUTH', password], args];
    socket.write(commands.map(encodeCommand).join(''));
    let received = Buffer.alloc(0);
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk as Buffer]);
      let parsed = parseReply(received, 0);
      if (password !== undefined && parsed !== null) parsed = parseReply(received, parsed.end);
      if (parsed !== null) return parsed.reply;
    }
    throw new Error(`the connection ended before the reply to ${args[0]}`);
  } finally {
    socket.destroy();
  }
}

function encodeCommand(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join('')}`;
}

interface Parsed {
  readonly reply: RedisReply;
  readonly end: number;
}

/** @returns null when more bytes are needed */
function parseReply(bytes: Buffer, start: number): Parsed | null {
  const lineEnd = bytes.indexOf('\r\n', start);
  if (lineEnd < 0) return null;
  const line = bytes.toString('utf8', start + 1, lineEnd);
  const end = lineEnd + 2;
  switch (String.fromCharCode(bytes[start] ?? 0)) {
    case '+':
      return { reply: line, end };
    case ':':
      return { reply: Number(line), end };
    case '$': {
      const length = Number(line);
      if (length < 0) return { reply: null, end };
      if (bytes.length < end + length + 2) return null;
      return { reply: bytes.toString('utf8', end, end + length), end: end + length + 2 };
    }
    case '*':
      return parseArray(bytes, end, Number(line));
    default:
      throw new Error(line);
  }
}

function parseArray(bytes: Buffer, start: number, length: number): Parsed | null {
  const replies: RedisReply[] = [];
  let end = start;
  for (let index = 0; index < length; index += 1) {
    const parsed = parseReply(bytes, end);
    if (parsed === null) return null;
    replies.push(parsed.reply);
    end = parsed.end;
  }
  return { reply: replies, end };
}
