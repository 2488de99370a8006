import cluster from 'node:cluster';
import { AggregatorRegistry, type Registry } from 'prom-client';
import { z } from 'zod';

/** Asks the primary for the figures of all workers, taken together; the primary answers with the same id. */
const questionSchema = z.object({ type: z.literal('trunkline:metrics'), id: z.int() });
const answerSchema = questionSchema.extend({ text: z.string().nullable() });

const ANSWER_MS = 6_000;

/** In the primary: answers every worker that is scraped. */
export function serveMetricsToWorkers(): void {
  const registry = new AggregatorRegistry();
  cluster.on('message', (worker, message: unknown) => {
    const question = questionSchema.safeParse(message);
    if (!question.success) return;
    const answer = (text: string | null) => worker.isConnected() && worker.send({ ...question.data, text });
    registry.clusterMetrics().then(answer, () => answer(null));
  });
}

/** The figures that a scrape gets: of this process, or, from a worker, of all workers together. */
export function createMetricsReader(own: Registry): () => Promise<string> {
  if (!cluster.isWorker) return () => own.metrics();
  AggregatorRegistry.setRegistries([own]);
  // Its making is what begins to answer the primary.
  new AggregatorRegistry();
  const waiting = new Map<number, (text: string | null) => void>();
  let asked = 0;
  process.on('message', (message: unknown) => {
    const answer = answerSchema.safeParse(message);
    if (answer.success) waiting.get(answer.data.id)?.(answer.data.text);
  });

  return async () => {
    const id = ++asked;
    const text = await new Promise<string | null>((resolve) => {
      const timer = setTimeout(resolve, ANSWER_MS, null);
      waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      process.send?.({ type: 'trunkline:metrics', id });
    });
    waiting.delete(id);
    return text ?? own.metrics();
  };
}
