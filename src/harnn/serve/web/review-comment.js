/* The dialog in which somebody says something of a document. */

import { byId } from './frame.js';

/** Let the dialog work, and return what opens it; keep(text): is told what was said. */
export function commentDialog(keep) {
  function finish(event) {
    event?.preventDefault();
    const said = byId('comment-text').value.trim();
    byId('comment-dialog').close();
    if (said) keep(said);
  }
  byId('comment-form').addEventListener('submit', finish);
  byId('comment-text').addEventListener('keydown', (event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) finish(event); });
  byId('comment-cancel').addEventListener('click', () => byId('comment-dialog').close());
  return () => {
    byId('comment-text').value = '';
    byId('comment-dialog').showModal();
  };
}
