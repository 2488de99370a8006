/** Given to `node --import` of a server: makes it the mutant that MUTANT names. */
import { register } from 'node:module';
import { MUTANTS } from './mutants.js';
import { findPlace } from './server-build.js';

const mutant = MUTANTS.find(({ name }) => name === process.env.MUTANT);
if (mutant === undefined) throw new Error(`There is no mutant "${process.env.MUTANT}".`);
register('./load-hook.js', import.meta.url, { data: await findPlace(mutant) });
