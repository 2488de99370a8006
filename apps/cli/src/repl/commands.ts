import type { Client } from '@trunkline/client';
import pc from 'picocolors';
import { eventLine, eventRecord } from '../event-line.js';
import { CommandError, EXIT } from '../exit-code.js';
import { openRoom } from '../open-room.js';

export interface ReplContext {
  readonly client: Client;
  /** Room names in the order of joining. */
  readonly joined: Set<string>;
  rooms(): readonly string[];
  print(record: unknown, text: () => string): void;
  quit(): void;
}

export interface ReplCommand {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  run(context: ReplContext, words: readonly string[]): Promise<void> | void;
}

export const COMMANDS: readonly ReplCommand[] = [
  {
    name: 'join',
    usage: 'join <room> [rewind]',
    summary: 'join a room, with the last events of its log',
    async run({ client, joined, print }, [name = '', rewind]) {
      const room = openRoom(client, name);
      const info = await room.join(rewind === undefined ? {} : { rewind: number(rewind) });
      // The client counts; here one `leave` is meant to leave.
      if (joined.has(name)) await room.leave();
      joined.add(name);
      print({ joined: name, ...info }, () => pc.green(`joined ${name} at offset ${info.position.offset}`));
    },
  },
  {
    name: 'leave',
    usage: 'leave <room>',
    summary: 'leave a room',
    async run({ client, joined, print }, [name = '']) {
      await openRoom(client, name).leave();
      joined.delete(name);
      print({ left: name }, () => `left ${name}`);
    },
  },
  {
    name: 'publish',
    usage: 'publish <room> <event> <json>',
    summary: 'publish an event; resolves when the log holds it',
    async run({ client, print }, [name = '', event = '', ...json]) {
      const published = await openRoom(client, name).publish(event, parse(json));
      print({ published }, () =>
        pc.dim(published.offset === undefined ? 'sent' : `kept at offset ${published.offset}`),
      );
    },
  },
  {
    name: 'say',
    usage: 'say <text>',
    summary: 'publish message {"text"} to the room joined last',
    async run({ client, rooms, print }, words) {
      const name = rooms().at(-1);
      if (name === undefined) throw usage('Join a room first.');
      const published = await openRoom(client, name).publish('message', { text: words.join(' ') });
      print({ published }, () => pc.dim(`kept at offset ${published.offset}`));
    },
  },
  {
    name: 'typing',
    usage: 'typing <room> [stop]',
    summary: 'tell the others that you type',
    run({ client, print }, [name = '', stop]) {
      const { typing } = openRoom(client, name);
      if (stop === 'stop') typing.stop();
      else typing.start();
      print({ typing: name }, () => pc.dim('told'));
    },
  },
  {
    name: 'history',
    usage: 'history <room> [limit]',
    summary: "print a page of a room's log",
    async run({ client, print }, [name = '', limit = '20']) {
      const room = openRoom(client, name);
      // A joined room's history would begin where its live events did; here they are wanted too.
      const before = room.position === undefined ? {} : { before: room.position.offset + 1 };
      const page = await room.history({ limit: number(limit), ...before });
      const { position, trimmedOffset } = page;
      print({ history: page.events.map(eventRecord), position, trimmedOffset }, () =>
        [
          ...page.events.map(eventLine),
          pc.dim(`the log ends at ${position.offset}, everything up to ${trimmedOffset} is gone`),
        ].join('\n'),
      );
    },
  },
  {
    name: 'presence',
    usage: 'presence <room> [json]',
    summary: 'print who is there, or set your own state',
    run({ client, print }, [name = '', ...json]) {
      const { presence } = openRoom(client, name);
      if (json.length > 0) presence.set(parse(json));
      print(
        { presence: presence.members },
        () =>
          presence.members.map(({ userId, state }) => `${pc.magenta(userId)} ${JSON.stringify(state)}`).join('\n') ||
          'nobody',
      );
    },
  },
  {
    name: 'request',
    usage: 'request <action> <json>',
    summary: 'ask for an action; progress is printed as it comes',
    async run({ client, print }, [action = '', ...json]) {
      const onProgress = (progress: unknown) => print({ progress }, () => pc.dim(JSON.stringify(progress)));
      const response = await client.request(action, parse(json), { onProgress });
      print({ response }, () => pc.green(JSON.stringify(response)));
    },
  },
  {
    name: 'explain',
    usage: 'explain',
    summary: 'what happened to the connection and why',
    run({ client, print }) {
      const explanation = client.explain();
      print({ explanation }, () =>
        explanation.timeline
          .map(
            ({ at, what, detail }) =>
              `${pc.dim(new Date(at).toISOString())} ${what} ${detail ? JSON.stringify(detail) : ''}`,
          )
          .join('\n'),
      );
    },
  },
  {
    name: 'help',
    usage: 'help',
    summary: 'list the commands',
    run({ print }) {
      print({ commands: COMMANDS.map(({ usage: text }) => text) }, () =>
        COMMANDS.map(({ usage: text, summary }) => `${pc.bold(text.padEnd(32))} ${summary}`).join('\n'),
      );
    },
  },
  { name: 'quit', usage: 'quit', summary: 'end', run: ({ quit }) => quit() },
];

export function findCommand(name: string): ReplCommand | undefined {
  return COMMANDS.find((command) => command.name === name);
}

function parse(words: readonly string[]): unknown {
  try {
    return JSON.parse(words.join(' '));
  } catch {
    throw usage(`The data must be JSON, as in {"text":"hello"}.`);
  }
}

function number(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw usage(`${text} must be a whole number.`);
  return value;
}

function usage(message: string): CommandError {
  return new CommandError(EXIT.usage, message, 'usage');
}
