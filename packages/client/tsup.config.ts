import { libraryConfig } from '../../tsup.shared.js';

export default libraryConfig({
  entry: ['src/index.ts', 'src/local-storage.ts', 'src/indexed-db.ts', 'src/async-storage.ts'],
  // esbuild shakes too; what Rollup writes after it is larger, gzipped.
  treeshake: false,
});
