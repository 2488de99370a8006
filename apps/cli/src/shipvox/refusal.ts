import { CommandError, EXIT } from '../exit-code.js';

const POLICY_VIOLATION = 1008;

/** What the server means by ending the connection. */
export function refusal(code: number): CommandError {
  const cure = code === POLICY_VIOLATION ? 'the token is not valid there, get a new one from POST /token' : 'try again';
  return new CommandError(EXIT.failed, `The server closed the connection (${code}): ${cure}.`, 'closed');
}
