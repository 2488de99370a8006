import { builtInContract } from '@trunkline/protocol/contract';
import { COMMANDS } from './commands.js';

const KINDS = Object.keys(builtInContract.rooms);
const ACTIONS = Object.keys(builtInContract.actions);
const ROOM_COMMANDS = new Set(['join', 'leave', 'publish', 'typing', 'history', 'presence']);

/** Tab: commands, then rooms one is in and kinds of the built-in contract, then events of the room's kind, and actions. */
export function complete(line: string, rooms: readonly string[]): [hits: string[], part: string] {
  const words = line.trimStart().split(/\s+/);
  const part = words.at(-1) ?? '';
  return [candidates(words, rooms).filter((one) => one.startsWith(part)), part];
}

function candidates(words: readonly string[], rooms: readonly string[]): readonly string[] {
  const [command = '', room = ''] = words;
  if (words.length === 1) return COMMANDS.map(({ name }) => `${name} `);
  if (command === 'request') return words.length === 2 ? ACTIONS.map((action) => `${action} `) : [];
  if (!ROOM_COMMANDS.has(command)) return [];
  if (words.length === 2) return [...rooms.map((name) => `${name} `), ...KINDS.map((kind) => `${kind}:`)];
  return command === 'publish' && words.length === 3 ? eventsOf(room) : [];
}

function eventsOf(room: string): readonly string[] {
  const [, kind] = Object.entries(builtInContract.rooms).find(([name]) => room.startsWith(`${name}:`)) ?? [];
  return Object.keys(kind?.events ?? {}).map((event) => `${event} `);
}
