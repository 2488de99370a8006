import { libraryConfig } from '../../tsup.shared.js';

export default libraryConfig({ entry: { index: 'src/index.ts', 'testing/index': 'src/testing/index.ts' } });
