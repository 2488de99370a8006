/** Makes `client` and `room` in a page; runs there, so it is text. */
export const start = (url: string, token: string, more = '') => `
  globalThis.client = trunkline.createClient({ url: ${JSON.stringify(url)}, token: () => ${JSON.stringify(token)}, ${more} });
  globalThis.room = client.room('lobby', 'main');
  globalThis.got = [];
  room.on('message', ({ data }) => got.push(data.text));
  globalThis.errors = [];
  client.on('error', (error) => errors.push(error.message));
`;
