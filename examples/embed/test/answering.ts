import { eventually } from '@trunkline/testkit';

/** Until a server answers there, whatever it says. */
export async function answering(url: string): Promise<void> {
  await eventually(
    async () => {
      const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
      await response.body?.cancel();
      return true;
    },
    { timeoutMs: 15_000, everyMs: 50 },
  );
}
