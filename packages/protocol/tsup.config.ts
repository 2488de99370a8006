import { libraryConfig } from '../../tsup.shared.js';

export default libraryConfig({ entry: ['src/index.ts', 'src/schemas.ts', 'src/contract.ts'] });
