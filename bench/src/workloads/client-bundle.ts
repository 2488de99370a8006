import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import type { Workload } from './workload.js';

/** The SDK as an application ships it: bundled, minified, gzipped. */
export const clientBundle: Workload = {
  name: 'client-bundle',
  title: 'Client bundle',
  metrics: {
    gzippedBytes: { title: 'gzipped', unit: 'B', digits: 0 },
    minifiedBytes: { title: 'minified', unit: 'B', digits: 0 },
  },
  goals: [{ metric: 'gzippedBytes', atMost: 10_000, aim: 7_000 }],
  contenders: ['trunkline'],
  async open() {
    return {
      async round() {
        const bundle = await bundleClient('export { createClient } from "@trunkline/client";');
        return { gzippedBytes: gzipSync(bundle, { level: 9 }).length, minifiedBytes: bundle.length };
      },
      close: async () => undefined,
    };
  },
};

/** A program for browsers that imports the SDK. */
export async function bundleClient(source: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: new URL('..', import.meta.url).pathname, loader: 'ts' },
    bundle: true,
    format: 'esm',
    minify: true,
    platform: 'browser',
    target: 'es2022',
    write: false,
  });
  return outputFiles[0]?.contents ?? new Uint8Array();
}
