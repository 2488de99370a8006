import { readdirSync } from 'node:fs';
import { libraryConfig } from '../../tsup.shared.js';

// One entry a folder, so that adding a dialect changes nothing here (and removing one neither).
const dialects = readdirSync(new URL('src', import.meta.url), { withFileTypes: true })
  .filter((item) => item.isDirectory())
  .map((item) => item.name);

export default libraryConfig({
  entry: Object.fromEntries(dialects.map((name) => [`${name}/index`, `src/${name}/index.ts`])),
});
