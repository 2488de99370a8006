import { TrunklineError } from '@trunkline/protocol';
import { z } from 'zod';

const failureSchema = z.looseObject({
  error: z.looseObject({
    code: z.string().min(1).max(128),
    message: z.string().max(4_096),
    // Of any other form it says nothing: the code must reach the client.
    retryable: z.boolean().optional().catch(undefined),
  }),
});
const successSchema = z.looseObject({ data: z.unknown() }).refine((line) => 'data' in line);
const progressSchema = z.looseObject({ progress: z.unknown() }).refine((line) => 'progress' in line);

/** What the backend said last. `unreadable`: neither `{data}` nor `{error}`. */
export type Answer =
  | { readonly kind: 'data'; readonly data: unknown }
  | { readonly kind: 'error'; readonly error: TrunklineError }
  | { readonly kind: 'unreadable' };

/**
 * Reads a webhook's answer, whatever its content type: lines of `{progress}`, told as they come, before the last value. A
 * line that is no whole JSON begins that value, which may go over several.
 *
 * @throws {TrunklineError} `too_large` past maxBytes
 */
export async function readAnswer(
  response: Response,
  options: { readonly maxBytes: number; progress(data: unknown): void },
): Promise<Answer> {
  const decoder = new TextDecoder();
  let pending = '';
  let isLast = false;
  let answer: Answer = { kind: 'unreadable' };
  for await (const chunk of response.body ?? []) {
    pending += decoder.decode(chunk, { stream: true });
    if (pending.length > options.maxBytes)
      throw new TrunklineError('too_large', 'The action answered more than MAX_MESSAGE_BYTES.');
    if (isLast) continue;
    const lines = pending.split('\n');
    const end = lines.length - 1;
    const rest = lines.findIndex((line, index) => index === end || !take(line));
    isLast = rest < end;
    pending = lines.slice(rest).join('\n');
  }
  return take(pending + decoder.decode()) ? answer : { kind: 'unreadable' };

  /** @returns false when it is no whole JSON */
  function take(text: string): boolean {
    if (text.trim() === '') return true;
    const value = parse(text);
    if (value === undefined) return false;
    const said = answerOf(value);
    const progress = progressSchema.safeParse(value);
    // A result may have a field `progress` of its own.
    if (said.kind === 'unreadable' && progress.success) options.progress(progress.data.progress);
    else answer = said;
    return true;
  }
}

function answerOf(value: unknown): Answer {
  const failure = failureSchema.safeParse(value);
  if (failure.success) {
    const { code, message, retryable } = failure.data.error;
    return { kind: 'error', error: new TrunklineError(code, message, { retryable }) };
  }
  const success = successSchema.safeParse(value);
  return success.success ? { kind: 'data', data: success.data.data } : { kind: 'unreadable' };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
