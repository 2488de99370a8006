import { cpus } from 'node:os';
import { defineConfig } from 'vitest/config';

/** One run over every workspace member that has a vitest.config.ts, so that one report counts everything. */
export default defineConfig({
  test: {
    maxWorkers: Math.max(2, Math.floor(cpus().length / 2)),
    passWithNoTests: true,
    projects: ['{packages,apps,examples}/*/vitest.config.ts', '{bench,chaos}/vitest.config.ts'],
  },
});
