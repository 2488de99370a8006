import { z } from 'zod';
import { checkSchema } from './check-schema.js';
import type {
  AccessRule,
  ActionDefinition,
  CallDefinition,
  ConflateBy,
  EventDefinition,
  RoomKindDefinition,
} from './contract-types.js';

const KIND = /^[a-z][a-z0-9_]{0,31}$/;
const NAME_LENGTH = 128;
const RULE = /^(user|self|member|anonymous|(relation|role|claim):.+)$/;

export interface DurableOptions {
  readonly publish?: readonly AccessRule[];
  readonly sender?: string;
}

/** An event that goes through the room's log: ordered, replayed after a drop, acknowledged once it is held. */
export function durable<S extends z.ZodType>(data: S, options: DurableOptions = {}): EventDefinition<S> {
  const { publish = ['member'], ...rest } = options;
  return { data, durable: true, publish, ...rest };
}

export interface EphemeralOptions extends DurableOptions {
  readonly conflateBy?: ConflateBy;
  readonly retain?: 'last';
  readonly echo?: 'all' | 'others';
}

/** An event that is delivered now or not at all (typing, location): dropped first under backpressure. */
export function ephemeral<S extends z.ZodType>(data: S, options: EphemeralOptions = {}): EventDefinition<S> {
  const { publish = ['member'], ...rest } = options;
  return { data, durable: false, publish, ...rest };
}

export interface ContractInput {
  readonly rooms: Readonly<Record<string, RoomKindDefinition>>;
  readonly actions?: Readonly<Record<string, ActionDefinition>>;
  readonly calls?: Readonly<Record<string, CallDefinition>>;
}
type Defined<C extends ContractInput> = {
  readonly rooms: C['rooms'];
  readonly actions: C['actions'] extends Readonly<Record<string, ActionDefinition>>
    ? C['actions']
    : Record<never, never>;
  readonly calls: C['calls'] extends Readonly<Record<string, CallDefinition>> ? C['calls'] : Record<never, never>;
};

/**
 * Checks a contract and gives it back with its types.
 *
 * @throws {TypeError} one sentence that names the room kind, event, action or call and what to change.
 */
export function defineContract<const C extends ContractInput>(input: C): Defined<C> {
  for (const [kind, room] of Object.entries(input.rooms)) checkKind(kind, room);
  for (const [name, { input: data, output, progress }] of Object.entries(input.actions ?? {})) {
    checkName('Action', name);
    checkSchema(`Input of action "${name}"`, data);
    checkSchema(`Output of action "${name}"`, output);
    checkSchema(`Progress of action "${name}"`, progress);
  }
  for (const [name, { input: data, output }] of Object.entries(input.calls ?? {})) {
    checkName('Call', name);
    checkSchema(`Input of call "${name}"`, data);
    checkSchema(`Output of call "${name}"`, output);
  }
  return { rooms: input.rooms, actions: input.actions ?? {}, calls: input.calls ?? {} } as Defined<C>;
}

function checkKind(kind: string, room: RoomKindDefinition): void {
  if (!KIND.test(kind)) throw new TypeError(`Room kind "${kind}" must match ${KIND.source}.`);
  if (kind === 'verify') throw new TypeError('Room kind "verify" is reserved; every contract has it already.');
  if (kind === 'system') throw new TypeError('Room kind "system" is reserved for broadcasts to every connection.');
  checkSchema(`Id of room kind "${kind}"`, room.id);
  const { join, history = join, presence = join } = room;
  for (const [what, rules] of Object.entries({ join, history: history || [], presence: presence || [] })) {
    checkRules(`Room kind "${kind}": ${what}`, rules);
  }
  for (const bound of ['historySize', 'historyTtlMs'] as const) {
    const value = room[bound] ?? 1;
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new TypeError(`Room kind "${kind}": ${bound} must be an integer from 1.`);
    }
  }
  if (typeof room.events !== 'object' || room.events === null) {
    throw new TypeError(`Room kind "${kind}": events must be an object; {} is none.`);
  }
  for (const [name, event] of Object.entries(room.events)) checkEvent(`${kind}.${name}`, name, event);
}

function checkEvent(where: string, name: string, event: EventDefinition): void {
  checkName('Event', name);
  if (typeof event.durable !== 'boolean') {
    throw new TypeError(`Event "${where}" must be made by durable(schema) or ephemeral(schema).`);
  }
  checkRules(`Event "${where}": publish`, event.publish);
  checkSchema(`Data of event "${where}"`, event.data);
  if (event.durable && (event.conflateBy !== undefined || event.retain !== undefined)) {
    throw new TypeError(`Event "${where}" is durable: conflateBy and retain are for ephemeral events.`);
  }
  if (event.durable && event.echo === 'others') {
    throw new TypeError(`Event "${where}" is durable: echo "others" is for ephemeral events.`);
  }
}

/** A contract may be plain JavaScript, and a rule that nothing knows would shut everybody out in silence. */
function checkRules(what: string, rules: unknown): void {
  if (Array.isArray(rules) && rules.every((rule) => RULE.test(rule))) return;
  throw new TypeError(
    `${what} must be a list of "user", "self", "member", "anonymous", "relation:…", "role:…" and "claim:…".`,
  );
}

function checkName(what: string, name: string): void {
  if (name.length === 0 || name.length > NAME_LENGTH) {
    throw new TypeError(`${what} "${name.slice(0, 20)}" must have a name of 1-${NAME_LENGTH} characters.`);
  }
}

/** The reserved kind of every contract: `trunkline verify` publishes and reads here (role admin). */
export const verifyKind = {
  join: ['role:admin'],
  events: { probe: durable(z.looseObject({}), { publish: ['role:admin'] }) },
} as const satisfies RoomKindDefinition;
