import { Window } from 'happy-dom';

// A page in this process. Only what a page has and Node lacks: sockets, timers and aborting stay Node's own.
const page = new Window({ url: 'http://app.test/' });
Object.assign(globalThis, {
  window: page,
  document: page.document,
  HTMLElement: page.HTMLElement,
  MutationObserver: page.MutationObserver,
  Node: page.Node,
});
// From Node 21 on there is one, which can not be assigned.
Object.defineProperty(globalThis, 'navigator', { value: page.navigator, configurable: true });
