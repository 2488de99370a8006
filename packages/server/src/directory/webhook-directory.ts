import { createHmac } from 'node:crypto';
import { TrunklineError } from '@trunkline/protocol';
import { z } from 'zod';
import type { Directory, Relation, RelationChange } from '../seams/directory.js';
import { createQuestionCache } from './question-cache.js';

export interface WebhookDirectoryOptions {
  /** http or https; asked as `GET url?object=…[&relation=…&user=…]` or `?user=…&relation=…&kind=…`, and answers `{relations: [{object, relation, user}]}`. */
  readonly url: string;
  /** Tells the other nodes what changed; its own facts are never read. The memory or Redis directory. */
  readonly carrier: Directory;
  /** Signs `x-trunkline-signature: t=<unix s>,v1=<hex HMAC-SHA256 of "t.<path and query>">`. @default unsigned */
  readonly secret?: string;
  /** How long an answer counts. @default 30_000 */
  readonly cacheTtlMs?: number;
  /** @default 5_000 */
  readonly timeoutMs?: number;
}

const answerSchema = z.looseObject({
  relations: z.array(z.looseObject({ object: z.string(), relation: z.string(), user: z.string() })).max(10_000),
});
const MAX_ANSWER_BYTES = 4_194_304;

/**
 * Relations that another service knows. Answers are cached for a short time, one question is asked once however many wait
 * for it, and no answer is `unavailable`, never a grant. `change` forgets what was cached and makes every node look again.
 */
export function createWebhookDirectory(options: WebhookDirectoryOptions): Directory {
  const { carrier, cacheTtlMs = 30_000, timeoutMs = 5_000 } = options;
  const cache = createQuestionCache<readonly Relation[]>({ ttlMs: cacheTtlMs, capacity: 10_000 });
  const listeners = new Set<(change: RelationChange | null) => void>();

  function ask(question: Readonly<Record<string, string>>): Promise<readonly Relation[]> {
    const query = new URLSearchParams(question).toString();
    return cache.get(query, [question.object, question.user], () => fetchRelations(query));
  }

  async function fetchRelations(query: string): Promise<readonly Relation[]> {
    const url = new URL(options.url);
    url.search = url.search ? `${url.search}&${query}` : query;
    try {
      const response = await fetch(url, {
        redirect: 'manual',
        headers: headersFor(url, options.secret),
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (!response.ok) throw new Error(`The directory answered ${response.status}.`);
      return answerSchema.parse(JSON.parse(await boundedText(response))).relations;
    } catch (cause) {
      throw new TrunklineError('unavailable', 'The directory of relations does not answer.', { cause });
    }
  }

  return {
    async start() {
      carrier.onChange((carried) => {
        if (carried?.present === false) return;
        const change = carried && changeOf(carried);
        if (change === null) cache.clear();
        else cache.forget([change.object, change.user]);
        for (const listener of listeners) listener(change);
      });
      await carrier.start();
    },
    async check(fact) {
      const facts = await ask({ object: fact.object, relation: fact.relation, user: fact.user });
      return facts.some(
        (found) => found.object === fact.object && found.relation === fact.relation && found.user === fact.user,
      );
    },
    async objectsOf(user, relation, kind) {
      const facts = await ask({ user, relation, kind });
      return facts
        .filter((found) => found.user === user && found.relation === relation && found.object.startsWith(`${kind}:`))
        .map((found) => found.object);
    },
    async relationsOf(object) {
      const facts = await ask({ object });
      return facts.filter((found) => found.object === object).map(({ relation, user }) => ({ object, relation, user }));
    },
    async change(change) {
      const added = { ...carriedOf(change), present: true };
      const removed = { ...added, present: false };
      if (!(await carrier.change(added))) {
        await carrier.change(removed);
        await carrier.change(added);
      }
      await carrier.change(removed);
      return true;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    deafForMs: () => carrier.deafForMs(),
    close: () => carrier.close(),
  };
}

/**
 * The carrier tells only what is new to it, and here every change must be told: what is true is known elsewhere. So each
 * direction is a fact of its own, which is there only while it is told.
 */
function carriedOf({ object, relation, user, present }: RelationChange): Relation {
  return { object, relation: `${present ? '+' : '-'}${relation}`, user };
}

function changeOf({ object, relation, user }: Relation): RelationChange {
  return { object, relation: relation.slice(1), user, present: relation.startsWith('+') };
}

function headersFor(url: URL, secret: string | undefined): Record<string, string> {
  if (secret === undefined) return { accept: 'application/json' };
  const seconds = Math.floor(Date.now() / 1_000);
  const digest = createHmac('sha256', secret).update(`${seconds}.${url.pathname}${url.search}`).digest('hex');
  return { accept: 'application/json', 'x-trunkline-signature': `t=${seconds},v1=${digest}` };
}

async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_ANSWER_BYTES) throw new Error('The directory answered too much.');
  }
  return text + decoder.decode();
}
