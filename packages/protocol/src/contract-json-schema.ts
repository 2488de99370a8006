import { z } from 'zod';
import type { AccessRule, Contract } from './contract-types.js';

/** The JSON Schema of the whole contract, for forms, documentation and other languages. */
export function contractJsonSchema(contract: Contract): ContractJsonSchema {
  const schema = (value: unknown) => z.toJSONSchema(value as z.ZodType, { unrepresentable: 'any' });
  const map = <T, R>(record: Readonly<Record<string, T>>, make: (value: T) => R) =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [name, make(value)]));
  return {
    rooms: map(contract.rooms, (room) => ({
      join: room.join,
      events: map(room.events, (event) => ({
        durable: event.durable,
        publish: event.publish,
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
  readonly rooms: Record<
    string,
    {
      join: readonly AccessRule[];
      events: Record<string, { durable: boolean; publish: readonly AccessRule[]; data: object }>;
    }
  >;
  readonly actions: Record<string, { input: object; output?: object; progress?: object; roles?: readonly string[] }>;
  readonly calls: Record<string, { input: object; output?: object }>;
}
