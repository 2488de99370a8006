import cluster from 'node:cluster';
import { z } from 'zod';

const flawSchema = z.object({ type: z.literal('trunkline:flaw'), line: z.string() });

/** In the primary: says what is wrong with the configuration in one line, however many workers come upon it. */
export function sayFlawOfWorkers(): void {
  let isSaid = false;
  cluster.on('message', (_, message: unknown) => {
    const flaw = flawSchema.safeParse(message);
    if (!flaw.success || isSaid) return;
    isSaid = true;
    process.stderr.write(flaw.data.line);
  });
}

/** Says it, or from a worker leaves that to the primary. */
export async function sayFlaw(line: string): Promise<void> {
  if (cluster.isPrimary || !process.connected) process.stderr.write(line);
  else await new Promise<unknown>((resolve) => process.send?.({ type: 'trunkline:flaw', line }, resolve));
}
