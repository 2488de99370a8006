import { createInterface } from 'node:readline/promises';
import { setTimeout as pause } from 'node:timers/promises';
import pc from 'picocolors';
import type { CommandError } from '../exit-code.js';
import type { Output } from '../output.js';
import type { ShipvoxSocket } from './open-shipvox.js';
import { refusal } from './refusal.js';

const ANSWER_MS = 10_000;

/**
 * Sends each `<type> <json>` line and prints everything that comes, until the end of the input.
 *
 * @throws {CommandError} `closed` where the server ends it sooner
 */
export async function runShipvoxRepl(socket: ShipvoxSocket, output: Output): Promise<void> {
  const reader = createInterface({ input: process.stdin });
  const waiting = new Set<string>();
  let settled = () => {};
  socket.onMessage((message) => {
    output.print(
      message,
      () => `${pc.cyan(message.type)} ${JSON.stringify(message.payload)} ${pc.dim(message.requestId)}`,
    );
    waiting.delete(message.requestId);
    if (waiting.size === 0) settled();
  });
  let lost: CommandError | undefined;
  void socket.closed.then((code) => {
    lost = refusal(code);
    reader.close();
  });
  output.remark('Write "<type> <json>", as in: test {"message":"Hello world"}. Ctrl-D ends.');
  for await (const line of reader) {
    const [, type, json = '{}'] = /^\s*(\S+)\s*(.*)$/.exec(line) ?? [];
    if (type === undefined) continue;
    const payload = parse(json || '{}');
    if (payload === undefined) output.remark(`This is not JSON: ${json}`);
    else waiting.add(socket.send(type, payload));
  }
  // Input from a pipe ends before its last answers come.
  const answered = new Promise<void>((resolve) => {
    settled = resolve;
  });
  if (waiting.size > 0) await Promise.race([answered, socket.closed, pause(ANSWER_MS, undefined, { ref: false })]);
  if (lost) throw lost;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
