import { z } from 'zod';
import type { JsonSchema } from './compatibility/json-shapes.js';
import type { AccessRule, Contract } from './contract-types.js';

/**
 * The JSON Schema of the whole contract, for forms, documentation, other languages and `findBreakingChanges`. It says
 * what is taken: keys that a `z.object` does not name are, so nothing forbids them but `z.strictObject`.
 */
export function contractJsonSchema(contract: Contract): ContractJsonSchema {
  // Of a value that nothing changes, `input` is the same but for unknown keys, which a parse of ours does not take away.
  const schema = (value: unknown): JsonSchema =>
    z.toJSONSchema(value as z.ZodType, { unrepresentable: 'any', io: 'input' });
  const map = <T, R>(record: Readonly<Record<string, T>>, make: (value: T) => R) =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [name, make(value)]));
  return {
    rooms: map(contract.rooms, (room) => ({
      ...(room.id ? { id: schema(room.id) } : {}),
      join: room.join,
      history: room.history ?? room.join,
      presence: room.presence ?? room.join,
      receipts: room.receipts ?? false,
      events: map(room.events, (event) => ({
        durable: event.durable,
        publish: event.publish,
        ...(event.retain ? { retain: event.retain } : {}),
        ...(event.echo ? { echo: event.echo } : {}),
        data: schema(event.data),
      })),
    })),
    actions: map(contract.actions, (action) => ({
      input: schema(action.input),
      ...(action.output ? { output: schema(action.output) } : {}),
      ...(action.progress ? { progress: schema(action.progress) } : {}),
      ...(action.roles ? { roles: action.roles } : {}),
    })),
    calls: map(contract.calls, (call) => ({
      input: schema(call.input),
      ...(call.output ? { output: schema(call.output) } : {}),
    })),
  };
}

export interface ContractJsonSchema {
  readonly rooms: Readonly<Record<string, RoomKindJsonSchema>>;
  readonly actions: Readonly<Record<string, ActionJsonSchema>>;
  readonly calls: Readonly<Record<string, CallJsonSchema>>;
}

export interface RoomKindJsonSchema {
  readonly id?: JsonSchema;
  readonly join: readonly AccessRule[];
  readonly history: readonly AccessRule[] | false;
  readonly presence: readonly AccessRule[] | false;
  readonly receipts: boolean;
  readonly events: Readonly<Record<string, EventJsonSchema>>;
}

export interface EventJsonSchema {
  readonly durable: boolean;
  readonly publish: readonly AccessRule[];
  readonly retain?: 'last';
  readonly echo?: 'all' | 'others';
  readonly data: JsonSchema;
}

export interface ActionJsonSchema {
  readonly input: JsonSchema;
  readonly output?: JsonSchema;
  readonly progress?: JsonSchema;
  readonly roles?: readonly string[];
}

export interface CallJsonSchema {
  readonly input: JsonSchema;
  readonly output?: JsonSchema;
}
