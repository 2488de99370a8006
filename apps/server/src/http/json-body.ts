import { TrunklineError } from '@trunkline/protocol';
import type { Api } from './zod-schemas.js';

/** JSON in UTF-8, and nothing that would be guessed: bytes that are no UTF-8 are not replaced, and nothing is unpacked. */
export function useStrictJson(app: Api): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    // Many clients name the type with every request.
    if (body.length === 0) {
      done(null);
      return;
    }
    let text: string;
    try {
      text = decoder.decode(body);
    } catch {
      done(new TrunklineError('malformed', 'The body is not UTF-8.'));
      return;
    }
    parse(request, text, done);
  });
  app.addHook('preParsing', async (request) => {
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (encoding.toLowerCase() !== 'identity')
      throw new TrunklineError('unsupported_media_type', 'Send the body as it is, without Content-Encoding.');
  });
}
