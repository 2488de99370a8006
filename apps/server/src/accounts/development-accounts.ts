import { hash } from 'bcrypt';
import { type Account, BCRYPT_COST } from './account.js';

/** The accounts that the wire formats' documents log in with. Development only. */
export async function developmentAccounts(): Promise<readonly Account[]> {
  const [user, customer] = await Promise.all([hash('password', BCRYPT_COST), hash('password123', BCRYPT_COST)]);
  return [
    { id: 'user', name: 'user', hash: user },
    { id: 'customer-1', phone: '+966500000001', hash: customer },
  ];
}
