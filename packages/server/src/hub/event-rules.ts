import {
  type Contract,
  type EventDefinition,
  parseRoomName,
  type RoomKindDefinition,
  TrunklineError,
} from '@trunkline/protocol';
import { verifyKind } from '@trunkline/protocol/contract';
import type { z } from 'zod';

export interface KindRules {
  readonly kind: string;
  readonly definition: RoomKindDefinition;
  readonly events: ReadonlyMap<string, EventDefinition>;
}

/** The contract prepared for the hot path: a Map a kind and a Map an event, so that no name reaches a prototype. */
export interface EventRules {
  /** @throws {TrunklineError} `invalid_room` or `unknown_room_kind` */
  kindOf(room: string): KindRules;
  /** @throws {TrunklineError} `unknown_event` */
  eventOf(kind: KindRules, event: string): EventDefinition;
  readonly kinds: ReadonlyMap<string, KindRules>;
}

export function createEventRules(contract: Contract): EventRules {
  const kinds = new Map<string, KindRules>();
  for (const [kind, definition] of [...Object.entries(contract.rooms), ['verify', verifyKind] as const]) {
    kinds.set(kind, { kind, definition, events: new Map(Object.entries(definition.events)) });
  }
  return {
    kinds,
    kindOf(room) {
      const parts = parseRoomName(room);
      if (parts === null)
        throw new TrunklineError('invalid_room', 'A room is kind:id, with an id of 1-200 of A-Za-z0-9._~@/:-.', {
          path: 'room',
        });
      const rules = kinds.get(parts.kind);
      if (rules === undefined)
        throw new TrunklineError('unknown_room_kind', 'The contract has no such room kind.', { path: 'room' });
      if (rules.definition.id !== undefined)
        checkData(rules.definition.id as z.ZodType, parts.id, 'invalid_room', 'room');
      return rules;
    },
    eventOf(kind, event) {
      const definition = kind.events.get(event);
      if (definition === undefined)
        throw new TrunklineError('unknown_event', `Rooms of kind ${kind.kind} have no such event.`, { path: 'event' });
      return definition;
    },
  };
}

/** The data with its true sender, where the contract names a field for it. */
export function withSender({ sender }: EventDefinition, data: unknown, userId: string): unknown {
  const isRecord = typeof data === 'object' && data !== null && !Array.isArray(data);
  return sender === undefined || !isRecord ? data : { ...data, [sender]: userId };
}

/**
 * Checks a value against its schema; what is published stays as it came, unknown keys included.
 *
 * @throws {TrunklineError} `code` with the dotted path of the first offending field, never its value; `internal`, not
 *   retryable, when a check of the contract throws or is async
 */
export function checkData(
  schema: unknown,
  data: unknown,
  code: 'invalid_data' | 'invalid_room' = 'invalid_data',
  root = 'data',
): void {
  const result = parse(schema as z.ZodType, data, root);
  if (result.success) return;
  const issue = result.error.issues[0];
  const path = [root, ...(issue?.path ?? []).map(String)].join('.');
  throw new TrunklineError(code, `The field ${path} is missing or not of its form.`, { path });
}

/** A publisher that tried again for a defect of the contract would hold up its room for ever. */
function parse(schema: z.ZodType, data: unknown, path: string): z.ZodSafeParseResult<unknown> {
  try {
    return schema.safeParse(data);
  } catch (cause) {
    throw new TrunklineError('internal', 'A check of the contract failed.', { retryable: false, path, cause });
  }
}
