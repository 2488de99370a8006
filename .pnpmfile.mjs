// What is published has no sources, so its manifest does not point to them.
const SOURCE = '@trunkline/source';

function beforePacking(manifest) {
  for (const conditions of Object.values(manifest.exports ?? {})) delete conditions[SOURCE];
  return manifest;
}

export const hooks = { beforePacking };
