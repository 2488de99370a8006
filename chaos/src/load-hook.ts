import type { InitializeHook, LoadHook } from 'node:module';
import type { Place } from './server-build.js';

let place: Place | undefined;

/** Runs in the loader's own thread; see `register` in `node:module`. */
export const initialize: InitializeHook<Place> = (data) => {
  place = data;
};

export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context);
  if (place === undefined || url !== place.url || loaded.source === undefined || loaded.source === null) return loaded;
  const source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
  const { find, replace } = place;
  return { ...loaded, source: source.replace(find, () => replace) };
};
