import { libraryConfig } from '../../tsup.shared.js';

export default libraryConfig({ entry: { main: 'src/main.ts', 'verify/index': 'src/verify/index.ts' } });
