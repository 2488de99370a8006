import type { Heard } from '@trunkline/server/testing';
import { createFrameQueue, type FrameQueue } from '@trunkline/testkit';
import type { z } from 'zod';

export interface DocumentedQueue extends Pick<FrameQueue<Heard>, 'end' | 'seen' | 'take'> {
  /** Takes a message in; the first that the format does not document ends the queue. */
  push(message: unknown): void;
  /** @throws when an undocumented message came, whether or not anybody waited for it */
  check(): void;
}

/** The messages of one client. Each is compared with the format's schema as it comes. */
export function createDocumentedQueue(schema: z.ZodType): DocumentedQueue {
  const queue = createFrameQueue<Heard>();
  let flaw: Error | undefined;
  return {
    seen: queue.seen,
    take: (matches, what, timeoutMs) => queue.take(matches, what, timeoutMs),
    end: (why) => queue.end(why),
    push(message) {
      const { error } = schema.safeParse(message);
      if (error) {
        flaw ??= new Error(`undocumented: ${JSON.stringify(message)}`, { cause: error });
        queue.end(flaw.message);
      }
      queue.push(message as Heard);
    },
    check() {
      if (flaw) throw flaw;
    },
  };
}
