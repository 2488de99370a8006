import { z } from 'zod';
import {
  type ContractInput,
  contractJsonSchema,
  defineContract,
  durable,
  findBreakingChanges,
} from '../src/contract.js';
import type { EventDefinition, RoomKindDefinition } from '../src/contract-types.js';

/** The changes as lines, from the JSON that a file or a server would give. */
export function changes(older: ContractInput, newer: ContractInput): readonly string[] {
  const [before, now] = [older, newer].map((input) =>
    JSON.parse(JSON.stringify(contractJsonSchema(defineContract(input)))),
  );
  return findBreakingChanges(before, now).map(({ where, breaks, message }) => `${where} [${breaks}] ${message}`);
}

export const chat = (kind: Partial<RoomKindDefinition>): ContractInput => ({
  rooms: { chat: { join: ['user'], events: {}, ...kind } },
});

export const message = (event: EventDefinition) => chat({ events: { message: event } });

export const data = (schema: z.ZodType) => message(durable(schema));

export const loose = z.looseObject;

export const text = z.string();

export function action(definition: {
  input?: z.ZodType;
  output?: z.ZodType;
  progress?: z.ZodType;
  roles?: string[];
}): ContractInput {
  return { rooms: {}, actions: { ask: { input: text, ...definition } } };
}

/** A schema that holds itself. */
export function tree(value: z.ZodType): z.ZodType {
  const node = loose({
    value,
    get children() {
      return z.array(node);
    },
  });
  return node;
}
