import { libraryConfig } from '../../tsup.shared.js';

export default libraryConfig({
  entry: {
    index: 'src/index.ts',
    'local-storage': 'src/local-storage.ts',
    'indexed-db': 'src/indexed-db.ts',
    'async-storage': 'src/async-storage.ts',
    'testing/index': 'src/testing/index.ts',
  },
  // esbuild shakes too; what Rollup writes after it is larger, gzipped.
  treeshake: false,
});
