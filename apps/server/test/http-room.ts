export const room = `/v1/rooms/${encodeURIComponent('lobby:hall')}`;

export const message = (text: string) => ({ type: 'message', data: { text } });
