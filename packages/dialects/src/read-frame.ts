import { DEFAULT_LIMITS, inspectJson, TrunklineError } from '@trunkline/protocol';
import type { z } from 'zod';

/** A dialect's client messages by their `type`. */
export type FrameSchemas = Readonly<Record<string, z.ZodType>>;

/** A read frame, or why it is none; `raw` is what could be read of it, for the answer's correlation. */
export type ReadFrame<S extends FrameSchemas> =
  | { readonly ok: true; readonly frame: z.output<S[keyof S]> }
  | { readonly ok: false; readonly error: TrunklineError; readonly raw: Readonly<Record<string, unknown>> };

/** Reads one frame of a format whose messages are JSON objects told apart by `type`. Never throws. */
export function readFrame<S extends FrameSchemas>(text: string, schemas: S): ReadFrame<S> {
  const parsed = parse(text);
  if (parsed === undefined) return refuse('malformed', 'Send one JSON object per message.');
  return readMessage(parsed, schemas);
}

/** The same for a message that is parsed already. */
export function readMessage<S extends FrameSchemas>(parsed: unknown, schemas: S): ReadFrame<S> {
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return refuse('invalid_frame', 'Send a JSON object with a type.');
  }
  const raw = parsed as Record<string, unknown>;
  const flaw = inspectJson(parsed, DEFAULT_LIMITS.jsonDepth, 'message');
  if (flaw)
    return refuse('invalid_frame', `The message is not plain JSON data (${flaw.reason}).`, { raw, path: flaw.path });
  if (typeof raw.type !== 'string') return refuse('invalid_frame', 'Give the message a type.', { raw, path: 'type' });
  const schema = Object.hasOwn(schemas, raw.type) ? schemas[raw.type] : undefined;
  if (!schema) return refuse('unknown_frame', 'Use one of the documented message types.', { raw, path: 'type' });
  const result = schema.safeParse(raw);
  if (result.success) return { ok: true, frame: result.data as z.output<S[keyof S]> };
  const path = result.error.issues[0]?.path.join('.') ?? '';
  return refuse('invalid_frame', path ? `Correct the field "${path}".` : 'Correct the message.', { raw, path });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refuse(
  code: 'malformed' | 'invalid_frame' | 'unknown_frame',
  message: string,
  at: { raw?: Record<string, unknown>; path?: string } = {},
): { readonly ok: false; readonly error: TrunklineError; readonly raw: Readonly<Record<string, unknown>> } {
  return { ok: false, error: new TrunklineError(code, message, { path: at.path || undefined }), raw: at.raw ?? {} };
}
