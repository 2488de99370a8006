import type {
  ActionJsonSchema,
  CallJsonSchema,
  ContractJsonSchema,
  EventJsonSchema,
  RoomKindJsonSchema,
} from '../contract-json-schema.js';
import type { JsonSchema } from './json-shapes.js';
import type { Mismatch } from './mismatch.js';
import { findMismatches } from './schema-mismatches.js';

/** A change of a contract that breaks programs built with the older one. */
export interface BreakingChange {
  /** What changed: `chat`, `chat.message`, `action search` or `call confirm`. */
  readonly where: string;
  /**
   * `sending`: what an older program sends may be refused now. `receiving`: it may get what its types do not say.
   * `rights`: what it could do is gone.
   */
  readonly breaks: 'sending' | 'receiving' | 'rights';
  /** One sentence without its full stop, for people. */
  readonly message: string;
}
type Changes = readonly BreakingChange[];

/**
 * What of `newer` breaks programs built with `older`: pages that are still open, services not yet deployed, events in the log.
 * Empty where all of them can go on. An event goes both ways; an action's input and a call's output go to the server,
 * its output, progress and input to the client. What is new or optional breaks nobody, and neither do wider bounds, as clients check nothing.
 */
export function findBreakingChanges(older: ContractJsonSchema, newer: ContractJsonSchema): Changes {
  return [
    ...pairs(older.rooms, newer.rooms).flatMap(([kind, before, now]) =>
      now === undefined ? [gone(kind)] : compareKinds(kind, before, now),
    ),
    ...pairs(older.actions, newer.actions).flatMap(([name, before, now]) =>
      now === undefined ? [gone(`action ${name}`)] : compareActions(`action ${name}`, before, now),
    ),
    // A call that the server no longer makes is missed by nobody.
    ...pairs(older.calls, newer.calls).flatMap(([name, before, now]) =>
      now === undefined ? [] : compareCalls(`call ${name}`, before, now),
    ),
  ];
}

function compareKinds(kind: string, before: RoomKindJsonSchema, now: RoomKindJsonSchema): Changes {
  return [
    ...sending(`${kind} id`, { ...ANY_ID, ...(typeof before.id === 'object' && before.id) }, now.id),
    ...lostRules(kind, 'join', before.join, now.join),
    ...lostRules(kind, 'read history', before.history, now.history),
    ...lostRules(kind, 'see presence', before.presence, now.presence),
    ...(before.receipts && !now.receipts ? [right(kind, 'it keeps no receipts now')] : []),
    ...pairs(before.events, now.events).flatMap(([name, event, newer]) =>
      newer === undefined
        ? [gone(`${kind}.${name}`)]
        : [
            ...lostPublishing(`${kind}.${name}`, event.publish, newer.publish, before.join),
            ...compareEvents(`${kind}.${name}`, event, newer),
          ],
    ),
  ];
}
/** What every room's id is (PROTOCOL.md, "Rooms"). */
const ANY_ID = { type: 'string', minLength: 1, maxLength: 200 };

function compareEvents(where: string, before: EventJsonSchema, now: EventJsonSchema): Changes {
  return [
    ...(before.durable && !now.durable ? [right(where, 'it is ephemeral now: who is away misses it')] : []),
    ...(before.retain && !now.retain ? [right(where, 'who joins no longer gets the last one')] : []),
    ...(before.echo !== 'others' && now.echo === 'others' ? [right(where, 'its sender no longer gets it')] : []),
    ...sending(`${where} data`, before.data, now.data),
    ...receiving(`${where} data`, before.data, now.data),
  ];
}

function compareActions(where: string, before: ActionJsonSchema, now: ActionJsonSchema): Changes {
  const { roles = ['any user'] } = before;
  const lost = roles.filter((role) => now.roles !== undefined && role !== 'admin' && !now.roles.includes(role));
  return [
    ...lost.map((role) => right(where, `${role} may no longer ask for it`)),
    ...sending(`${where} input`, before.input, now.input),
    ...receiving(`${where} output`, before.output, now.output),
    ...receiving(`${where} progress`, before.progress, now.progress),
  ];
}

function compareCalls(where: string, before: CallJsonSchema, now: CallJsonSchema): Changes {
  return [
    ...receiving(`${where} input`, before.input, now.input),
    ...sending(`${where} output`, before.output, now.output),
  ];
}

/** What older programs send, against what is taken now; a schema that is not there takes anything. */
function sending(path: string, before: JsonSchema = true, now: JsonSchema = true): Changes {
  const messages = {
    missing: () => 'older programs may leave it out, and it is required now',
    keys: () => 'older programs may send it, and it is refused now',
    type: ({ got, expected }: Mismatch) => `older programs may send ${got}, and only ${expected} is taken now`,
    bound: ({ got, expected }: Mismatch) => `older programs may send more than is taken now (${got}, now ${expected})`,
  };
  return findMismatches(before, now, 'values').map((mismatch) => ({
    where: `${path}${mismatch.path}`,
    breaks: 'sending',
    message: messages[mismatch.kind](mismatch),
  }));
}

/** What may come now, against what older programs expect. */
function receiving(path: string, before: JsonSchema = true, now: JsonSchema = true): Changes {
  return findMismatches(now, before, 'types').map(({ path: field, kind, got, expected }) => ({
    where: `${path}${field}`,
    breaks: 'receiving',
    message:
      kind === 'missing'
        ? 'it may be absent now, and older programs count on it'
        : `it may be ${got} now, and older programs know only ${expected}`,
  }));
}

/** Services may anyway. Where anybody may join, members may be guests. */
function lostPublishing(where: string, before: readonly string[], now: Allowed, join: readonly string[]): Changes {
  const rules = before.filter((rule) => rule !== 'role:service');
  return lostRules(where, 'publish', rules, now, join.includes('anonymous') ? ['anonymous', 'member'] : undefined);
}

/** Who could and can no longer. `user` is everybody who signed in, so not who the rules `ofGuests` name; admins may what anybody may. */
function lostRules(
  where: string,
  what: string,
  before: Allowed,
  now: Allowed,
  ofGuests: readonly string[] = ['anonymous'],
): Changes {
  const rules = now || [];
  const covers = (rule: string) =>
    rules.includes(rule) ||
    rules.includes('anonymous') ||
    (rules.includes('user') && !ofGuests.includes(rule)) ||
    (rule === 'role:admin' && now !== false);
  return (before || []).filter((rule) => !covers(rule)).map((rule) => right(where, `${rule} may no longer ${what}`));
}
type Allowed = readonly string[] | false;

function gone(where: string): BreakingChange {
  return right(where, 'it is gone');
}

function right(where: string, message: string): BreakingChange {
  return { where, breaks: 'rights', message };
}

/** Each of the older ones with the newer one of the same name. */
function pairs<T>(
  older: Readonly<Record<string, T>>,
  newer: Readonly<Record<string, T>>,
): [string, T, T | undefined][] {
  return Object.entries(older).map(([name, before]) => [
    name,
    before,
    Object.hasOwn(newer, name) ? newer[name] : undefined,
  ]);
}
