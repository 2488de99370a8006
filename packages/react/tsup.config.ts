import { libraryConfig } from '../../tsup.shared.js';

export default libraryConfig({ entry: ['src/index.ts', 'src/query.ts', 'src/shipvox.ts', 'src/falcon.ts'] });
