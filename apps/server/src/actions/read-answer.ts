import { TrunklineError } from '@trunkline/protocol';
import { z } from 'zod';

const failureSchema = z.looseObject({
  error: z.looseObject({ code: z.string().min(1).max(128), message: z.string().max(4_096) }),
});
const successSchema = z.looseObject({ data: z.unknown() }).refine((line) => 'data' in line);
const progressSchema = z.looseObject({ progress: z.unknown() }).refine((line) => 'progress' in line);

/** What the backend said last. `unreadable`: neither `{data}` nor `{error}`. */
export type Answer =
  | { readonly kind: 'data'; readonly data: unknown }
  | { readonly kind: 'error'; readonly error: TrunklineError }
  | { readonly kind: 'unreadable' };

/**
 * Reads a webhook's answer: one JSON value, or NDJSON lines of `{progress}` before the last.
 *
 * @throws {TrunklineError} `too_large` past maxBytes
 */
export async function readAnswer(
  response: Response,
  options: { readonly maxBytes: number; progress(data: unknown): void },
): Promise<Answer> {
  const lines = /ndjson|jsonl|json-seq/i.test(response.headers.get('content-type') ?? '');
  const decoder = new TextDecoder();
  let pending = '';
  let answer: Answer = { kind: 'unreadable' };
  for await (const chunk of response.body ?? []) {
    pending += decoder.decode(chunk, { stream: true });
    if (pending.length > options.maxBytes)
      throw new TrunklineError('too_large', 'The action answered more than MAX_MESSAGE_BYTES.');
    if (!lines) continue;
    const parts = pending.split('\n');
    pending = parts.pop() ?? '';
    for (const line of parts) answer = take(line, answer);
  }
  return take(pending + decoder.decode(), answer);

  function take(text: string, before: Answer): Answer {
    if (text.trim() === '') return before;
    const value = parse(text);
    const progress = lines ? progressSchema.safeParse(value) : undefined;
    if (!progress?.success) return answerOf(value);
    options.progress(progress.data.progress);
    return before;
  }
}

function answerOf(value: unknown): Answer {
  const failure = failureSchema.safeParse(value);
  if (failure.success)
    return { kind: 'error', error: new TrunklineError(failure.data.error.code, failure.data.error.message) };
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
