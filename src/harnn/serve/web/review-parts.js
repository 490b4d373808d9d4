/* Which parts of the page of review are shown: a document, a word or the end; the queue; a message. */

import { byId, make } from './frame.js';

const TOAST = 8000; // milliseconds

/** Show a part: item, evidence or finished; staysOver: the queue goes on to lie over it, where it
    does, as somebody is still choosing there. */
export function view(name, { staysOver = false } = {}) {
  document.body.dataset.view = name;
  for (const part of ['paper', 'labels-pane']) byId(part).hidden = name !== 'item';
  for (const part of ['evidence', 'finished']) byId(part).hidden = name !== part;
  byId('keyline').hidden = name === 'finished';
  byId('thumb').hidden = name !== 'item';
  if (!staysOver) showQueue(false);
}

/** Let the queue lie over the page, where there is no room for it, or not. */
export function showQueue(on) {
  byId('queue').classList.toggle('over', on);
  byId('show-queue').setAttribute('aria-expanded', String(on));
  if (on) ['items', 'by-label', 'by-evidence'].map(byId).find((each) => !each.hidden)?.focus();
}

/** Whether the queue lies over the page; on one that was made wide since it stands beside it. */
export const liesOver = () => byId('queue').classList.contains('over') && getComputedStyle(byId('queue')).position !== 'static';

/** Go to a list of the queue, which lies over the page where there is no room for it. */
export function focusList(name) {
  if (byId(name).checkVisibility()) byId(name).focus();
  else showQueue(true);
}

let timer = 0;

/** Show a message for some seconds; nothing: none. */
export function toast(...nodes) {
  byId('toast').replaceChildren(...nodes.length ? [make('bdi', {}, ...nodes.filter(Boolean))] : []);
  clearTimeout(timer);
  timer = setTimeout(() => byId('toast').replaceChildren(), TOAST);
}

byId('show-queue').addEventListener('click', () => showQueue(!liesOver()));
byId('queue').addEventListener('keydown', (event) => {
  if (!liesOver()) return;
  if (event.key === 'Escape') { showQueue(false); byId('show-queue').focus(); }
  if (event.key === 'Enter' && event.target === byId('items')) { // the document under the queue is chosen, not submitted
    event.preventDefault();
    showQueue(false);
    byId('items').blur();
  }
});
