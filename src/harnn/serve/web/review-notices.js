/* What is to be known of a document before it is decided: notes, blindness, who else reads it. */

import { foreign, icon, make, note } from './frame.js';

const button = (act, ...text) => make('button', { class: 'btn small', type: 'button', onclick: act }, make('span', {}, ...text));

/** Tell whether a person has submitted a reading of a document. */
export const isSubmitted = (item, person) => item.readings.some((reading) => reading.person === person && reading.submitted);

/** Tell whether a person can decide nothing of a document as it is. */
export const isClosed = (item, person) => isSubmitted(item, person) || item.state === 'done' || item.state === 'set_aside';

/** Return why a document comes without the model's answer. */
export function blindNote({ audit }) {
  const why = audit
    ? [make('b', {}, 'Audit.'), ' This document was filed without a reader. You read it as if there were no model, so that we can measure how often that is right.']
    : [make('b', {}, 'Blind item.'), ' Some documents come without the model’s answer, so that we can measure how far it sways us. File it as if there were no model. Its answer appears when you submit.'];
  return make('div', { class: 'note plum' }, icon('hid'), make('p', {}, ...why));
}

/** Return notes about a document; settle(whose), reopen(): what their buttons do; mayReview: whether
    the person may settle documents. */
export function noticesOf(item, person, mayReview, { settle, reopen }) {
  const lines = item.notes.map((line) => note('', foreign(line)));
  const isMine = isSubmitted(item, person);
  if (item.holder && item.holder !== person && !isClosed(item, person)) {
    lines.push(note('info', foreign(item.holder), ' has this document open. Look at it, or take another: ', make('kbd', {}, 'j')));
  }
  if (item.state === 'disputed' && item.part === 'review') {
    const readings = item.readings.filter(({ submitted }) => submitted);
    lines.push(note('', 'Two people disagree. Decide yourself and submit, or take one of both: ', ...readings.flatMap(({ person: whose }) => [button(() => settle(whose), 'Take that of ', foreign(whose)), ' '])));
  }
  if (isMine) lines.push(note('good', 'You have submitted this document. ', make('kbd', {}, 'u'), ' opens it again.'));
  if (isMine && item.state === 'annotated' && mayReview) lines.push(note('info', 'It waits for a second reading by somebody else. ', button(() => settle(person), 'Nobody else can read it: mine holds')));
  if (!isMine && isClosed(item, person)) lines.push(note('good', item.state === 'done' ? 'This document is filed. ' : 'This document is set aside. ', button(reopen, 'Open it again')));
  return lines;
}
