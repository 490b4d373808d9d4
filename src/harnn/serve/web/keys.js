/* Keys: which there are, on every page; single ones can be switched off, and rest while one types. */

import { byId, make } from './frame.js';

const PLACE = 'harnn-single-keys';
const isTyping = ({ target }) => target.matches?.('input:not([type=checkbox],[type=radio],[type=range]),textarea,select');
const isMoved = ({ target, key }) => key.startsWith('Arrow') && target.matches?.('[type=radio],[type=range]');
const isPressed = ({ target }) => target.closest?.('button,a,summary,label,input');

let single = true;
try { single = localStorage.getItem(PLACE) !== 'off'; } catch { /* storage is switched off: they are on */ }

function open() {
  if (!byId('help').open) byId('help').showModal();
}

/** Say which keys a page has: [what it does, keys separated by a blank]; press: is told of each
    key that is pressed while nobody types, and says whether it was one ('g d' of two keys in turn). */
export function keysOf(lines, press = () => false) {
  byId('keylist').replaceChildren(...[...lines, ['These keys', '?']].map(([text, keys]) => make('div', {},
    make('dt', {}, text), make('dd', {}, ...keys.split(' ').flatMap((key, at) => [at ? ' ' : '', make('kbd', {}, key)])))));
  let first = '';
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isTyping(event) || isMoved(event) || document.querySelector('dialog[open]')) return;
    const isSingle = event.key.length === 1 && event.key !== ' ';
    if (isSingle ? !single : isPressed(event) && !event.key.startsWith('Arrow')) return;
    const key = event.shiftKey && !isSingle ? `Shift ${event.key}` : first && isSingle ? `${first} ${event.key}` : event.key;
    first = '';
    if (key === 'g') { first = key; return; }
    if (key === '?') open();
    else if (!press(key, event)) return;
    event.preventDefault();
  });
}

byId('single').checked = single;
byId('single').addEventListener('change', ({ target }) => {
  single = target.checked;
  document.documentElement.classList.toggle('nokeys', !single);
  try { localStorage.setItem(PLACE, single ? 'on' : 'off'); } catch { /* for this page alone, then */ }
});
document.documentElement.classList.toggle('nokeys', !single);
byId('keys').addEventListener('click', open);
byId('help-close').addEventListener('click', () => byId('help').close());
