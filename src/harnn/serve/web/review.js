/* Review: the queue, a document, its labels; each decision is shown at once, and sent. */

import { ask, begin, byId, chosenModel, counted, foreign, icon, make, note, number, offerModels, refusal, say, whenSlow, whoIsHere } from './frame.js';
import { keysOf } from './keys.js';
import { Adder } from './review-add.js';
import { commentDialog } from './review-comment.js';
import { Evidence } from './review-evidence.js';
import { showFinished } from './review-finished.js';
import { bestChild, decided, isEmpty, marksOf, nextOpen, rowsOf, undecided } from './review-marks.js';
import { blindNote, isClosed, isSubmitted, noticesOf } from './review-notices.js';
import { Outbox, pathOf } from './review-outbox.js';
import { focusList, liesOver, toast, view } from './review-parts.js';
import { progress } from './review-progress.js';
import { Queue } from './review-queue.js';
import { Text, leftOf } from './review-text.js';
import { Tree } from './review-tree.js';

let person = '';
let model = null;
let queue = null;
let text = null;
let adder = null;
let evidence = null;
let outbox = null;
let shown = null;         // the document that is shown: {item, entry, marks, past (marks and cursor before each decision here)}
let asked = 0;            // number of the document that was asked for last
let steps = 0;            // how often something else was shown
let last = null;          // entry of the document that was submitted or set aside last
let refusedMarks = null;  // {item, marks}: what was decided here and not taken by the server
const sheets = new Map(); // by item: what was decided here, until the server has all of it
const ahead = new Map();  // by item: requests for documents that come next

const tree = new Tree({ moved, act: press });

/* ---------- one document ---------- */

/** Ask for a document; claim: hold it for some minutes, so that nobody else begins it. */
const fetchItem = (item, claim = true) => ask('GET', pathOf(model.name, item, '', { claim }));

/** Show a document of the queue; now: it is the one, and not on the way to another. */
async function open(entry, now = true) {
  asked = entry.item;
  steps += 1;
  if (document.body.dataset.view !== 'item') blank(entry, ''); // nothing from before shows through
  view('item', { staysOver: !now });
  queue.pick(entry.item);
  const kept = sheets.get(entry.item);
  if (kept && outbox.of(entry.item).length) { show(kept); return; }
  const early = ahead.get(entry.item);
  ahead.delete(entry.item);
  shown = null; // no key is for the document before any more
  try {
    const item = await whenSlow((busy) => { if (busy && asked === entry.item) blank(entry, 'Loading the document'); }, () => early ?? fetchItem(entry.item));
    if (asked !== entry.item) return;
    outbox.note(item);
    show({ item, entry, marks: marksOf(item), past: [] });
    if (early) hold(entry.item);
    lookAhead();
    queue.more();
  } catch (error) {
    if (asked === entry.item) blank(entry, refusal(error, 'Your decisions are kept.', () => open(entry)));
  }
}

/** Show nothing of a document but its title, and why. */
function blank(entry, why) {
  if (typeof why === 'string' && why) say(why);
  text.clear(entry.title || entry.id);
  byId('notices').replaceChildren(why);
  byId('paper').setAttribute('aria-busy', String(typeof why === 'string'));
  for (const name of ['tree', 'blind', 'colhead']) byId(name).hidden = true;
  for (const name of ['left', 'thumb-left', 'tab-left', 'at']) byId(name).textContent = '';
}

/** Hold a document that was asked for ahead, and show it as it is now. */
async function hold(number_) {
  const item = await fetchItem(number_).catch(() => null); // its decisions will say what is wrong
  if (!item || shown?.item.item !== number_ || outbox.of(number_).length || item.version < shown.item.version) return;
  outbox.note(item);
  if (item.version > shown.item.version) { shown.item = item; shown.marks = marksOf(item); draw(tree.current?.label); }
  byId('notices').replaceChildren(...notices(item));
}

/** Ask for the document that will be next, so that it is there at once. */
function lookAhead() {
  const next = queue.nextOpen();
  if (!next || ahead.has(next.item) || outbox.of(next.item).length) return;
  ahead.clear();
  const request = fetchItem(next.item, false);
  request.catch(() => ahead.delete(next.item));
  ahead.set(next.item, request);
}

function show(sheet) {
  shown = sheet;
  const { item, marks } = sheet;
  sheets.set(item.item, sheet);
  for (const number_ of sheets.keys()) if (number_ !== item.item && !outbox.of(number_).length) sheets.delete(number_);
  text.show(item, item.title || item.id);
  byId('labels-title').textContent = item.hidden ? 'Your labels' : item.part === 'review' ? 'Labels, second reading' : 'Labels';
  byId('spoke-for').replaceChildren(item.hidden ? 'Evidence is hidden with the answer.' : '');
  byId('blind').hidden = !item.hidden;
  byId('blind').replaceChildren(...item.hidden ? [blindNote(item)] : []);
  byId('notices').replaceChildren(...notices(item));
  const rows = rowsOf(marks);
  const sought = queue.only?.query.label;
  const wanted = marks.nodes.get(sought)?.mark === 'undecided' ? sought : nextOpen(rows, '');
  draw(wanted ?? rows[0]?.key);
  if (!byId('queue').contains(document.activeElement)) tree.focus();
  showPlace();
  document.title = `${item.title || item.id} · Review · harnn`;
}

/** Show the marks as they are now, the cursor on a label. */
function draw(code) {
  const { item, marks } = shown;
  byId('tree').hidden = !marks.nodes.size;
  tree.show(marks, code, beside(item));
  const open_ = undecided(marks).length;
  const given = [...marks.nodes.values()].filter((node) => node.shown).length;
  byId('left').textContent = marks.noneFits ? 'No label fits' : item.hidden ? '' : leftOf(open_, given);
  byId('thumb-left').textContent = open_ ? `${number(open_)} undecided` : '';
  byId('tab-left').textContent = open_ ? `${number(open_)} undecided` : '';
  text.list(item.entries.filter(({ action }) => action !== 'enqueue'), nameOf);
}

const nameOf = (code) => shown.marks.nodes.get(code)?.name ?? shown.item.labels.find(({ label }) => label === code)?.name ?? adder.names.of(code);

/** Return what other people decided, as far as it may be seen, and what was not taken of this one. */
function beside(item) {
  const others = item.readings.filter((reading) => reading.person !== person);
  if (refusedMarks?.item !== item.item) return others;
  const marks = Object.fromEntries([...refusedMarks.marks.nodes.values()].map(({ label, mark }) => [label, mark]));
  return [...others, { person: 'not kept', marks }];
}

const notices = (item) => noticesOf(item, person, ['review', 'admin'].includes(whoIsHere().role), { settle, reopen: () => outbox.add(item.item, 'reopen') });

/** The cursor is on a label, or (isHere false) the mouse is. */
function moved(node, isHere) {
  if (isHere) byId('at').replaceChildren(...node ? ['At ', make('b', {}, foreign(node.name))] : []);
  if (shown && !shown.item.hidden) text.paint(node, node && shown.marks.nodes.get(node.through));
}

/* ---------- deciding ---------- */

function decide(action, label = '', other = '', known = []) {
  if (!shown) return;
  if (isClosed(shown.item, person)) { toast(isSubmitted(shown.item, person) ? 'This document is submitted. u opens it again.' : 'This document is closed. Open it again first.'); return; }
  if (isRefused()) return;
  const before = tree.current?.label ?? '';
  toast();
  shown.past.push({ marks: shown.marks, code: before });
  shown.marks = decided(shown.marks, { action, label, other }, known);
  adder.names.note(known);
  outbox.add(shown.item.item, 'decisions', { action, label, other });
  const rows = rowsOf(shown.marks);
  const stays = action === 'add' && shown.marks.nodes.get(before)?.mark === 'undecided';
  draw(stays ? before : nextOpen(rows, label || before) ?? (other || label || before));
  const count = undecided(shown.marks).length;
  say(`${action === 'none_fits' ? 'No label fits' : `${nameOf(other || label)}: ${shown.marks.nodes.get(other || label)?.mark.replace('_', ' ') ?? ''}`}. ${leftOf(count, 0)}. ${tree.current && count ? tree.current.name : ''}`);
}

function up(node) {
  const parents = node.parents.map((code) => shown.marks.nodes.get(code)).filter(Boolean);
  const best = parents.reduce((found, each) => (found && (found.score ?? -1) >= (each.score ?? -1) ? found : each), null);
  if (best) decide('up', node.label, best.label);
  else toast(`${node.name} stands at the top: there is no parent to take.`);
}

function down(node) {
  const best = bestChild(shown.marks, node.label);
  if (best) decide('down', node.label, best.label);
  else add(node);
}

/** Type a label to add, below one or anywhere; where one pane is shown, that of the labels is. */
function add(below) {
  document.querySelector('[name=tab][value=labels]').checked = true;
  adder.open(below);
}

function instead(node, at) {
  const other = node.runners_up?.[at];
  if (!other) { toast(`${node.name} has no runner-up ${at + 1}.`); return; }
  const known = { label: other.label, name: other.name, level: node.level, parents: node.parents, path: [...node.path.slice(0, -1), other.label] };
  decide('instead', node.label, other.label, [known]);
}

function undo() {
  if (!shown) return;
  const { item, past } = shown;
  const undone = new Set(item.entries.map(({ undoes }) => undoes));
  const own = item.entries.some((entry) => entry.person === person && !undone.has(entry.number) && !['comment', 'undo', 'enqueue'].includes(entry.action));
  if (!past.length && !own) { undoLast(); return; }
  if (!outbox.drop(item.item)) outbox.add(item.item, 'undo');
  const before = past.pop();
  if (before) shown.marks = before.marks;
  draw(before?.code ?? tree.current?.label);
  toast('Undone.');
}

/** Take back that the last document was submitted, and show it again. */
function undoLast() {
  if (!last) { toast('There is nothing to undo.'); return; }
  const entry = last;
  last = null;
  if (!outbox.drop(entry.item)) outbox.add(entry.item, 'undo');
  queue.note(entry.item, { isDone: false });
  ahead.delete(entry.item);
  toast('Taken back. It is open again.');
  if (sheets.has(entry.item)) open(entry); else outbox.whenSent(entry.item).then(() => open(entry));
}

/** Tell whether the server refused what was decided of this document, and say so. */
function isRefused() {
  if (shown.isRefused) toast('What you decided here was not taken. Look at both first.');
  return Boolean(shown.isRefused);
}

function submit() {
  const { item, entry, marks } = shown;
  if (isRefused()) return;
  if (isClosed(item, person)) { go(1); return; }
  const open_ = undecided(marks);
  if (open_.length) {
    tree.pick(nextOpen(rowsOf(marks), ''));
    toast(`${counted(open_.length, 'undecided', 'undecided')}. Decide ${open_.length === 1 ? 'it' : 'them'}, or set the document aside: Shift Enter.`);
    return;
  }
  if (isEmpty(marks) && !marks.noneFits && ![...marks.nodes.values()].some((node) => node.shown)) {
    toast('Nothing is decided. Add a label (/), or say that none fits (e).');
    return;
  }
  if (item.state === 'disputed' && item.part === 'review') settle('');
  else leave('submit', {}, 'Submitted', entry);
}

/** Settle a document that two have read differently; take: whose reading holds, '': the own one. */
function settle(take) {
  leave('settle', { take, alone: isSubmitted(shown.item, person) }, 'Settled', shown.entry);
}

/** Send what ends the work at a document, and show the next one at once. */
function leave(part, body, word, entry) {
  const { item } = shown;
  outbox.add(item.item, part, body);
  queue.note(item.item, { isDone: word.toLowerCase() });
  last = entry;
  const next = queue.nextOpen();
  const reveal = item.hidden && part === 'submit' ? make('button', { class: 'btn small', type: 'button', onclick: () => outbox.whenSent(entry.item).then(() => open(entry)) }, 'See the model’s answer') : null;
  toast(`${word}. `, make('kbd', {}, 'u'), ' takes it back. ', ...next ? ['Next: ', foreign(next.title || next.id)] : [], reveal);
  if (next) open(next);
  else {
    const before = steps;
    outbox.whenSent(entry.item).then(() => { if (steps === before) refill(); });
  }
}

/** The end of the list is reached: ask for what waits now. */
async function refill() {
  const before = steps;
  try {
    const count = await queue.load();
    if (steps !== before) { queue.pick(asked); return; } // another document was chosen meanwhile
    const waiting = queue.nextOpen();
    if (count && waiting) await open(waiting);
    else if (queue.only) await reorder(queue.by);
    else await finish();
  } catch (error) {
    byId('notices').replaceChildren(refusal(error, 'Your decisions are kept.', refill));
  }
}

function go(step) {
  const entry = queue.beside(step);
  if (entry) open(entry);
  else toast(step > 0 ? 'This is the last document of the list.' : 'This is the first document of the list.');
}

/* ---------- what the server says ---------- */

function sent(job, item) {
  const sheet = sheets.get(job.item);
  if (sheet) {
    sheet.item = item;
    if (!outbox.of(job.item).length) sheet.marks = marksOf(item);
    if (sheet === shown) {
      byId('notices').replaceChildren(...notices(item));
      draw(tree.current?.label);
    }
  }
  if (['submit', 'set-aside', 'settle', 'reopen', 'undo'].includes(job.part)) {
    queue.note(job.item, { state: item.state });
    progress(model.name).catch(() => {}); // it is asked for again after the next document
  }
}

/** The server does not take a decision: show why, and what holds there. */
async function refused(job, error, dropped) {
  const sheet = sheets.get(job.item);
  const entry = sheet?.entry ?? { item: job.item, id: '', title: '' };
  queue.note(job.item, { isDone: false });
  if (sheet) {
    refusedMarks = { item: job.item, marks: sheet.marks };
    sheet.isRefused = true;
  }
  sheets.delete(job.item);
  ahead.delete(job.item);
  const lost = dropped.filter(({ part }) => part === 'decisions').length;
  const kept = lost ? `${counted(lost, 'decision')} of yours ${lost === 1 ? 'was' : 'were'} not taken.` : '';
  const line = note('bad', sheet === shown || !entry.title ? null : foreign(`${entry.title}: `), foreign(error.message), ` ${kept} `,
    make('button', { class: 'btn small', type: 'button', onclick: () => { line.remove(); open(entry); } }, error.status === 409 ? 'See both' : 'Show it'));
  line.setAttribute('role', 'alert');
  byId('refusals').append(line);
}

function waits(jobs, error) {
  const bar = byId('outbox');
  bar.hidden = !error;
  if (!error) return;
  const what = error.status ? error.message : 'The server did not answer.';
  bar.replaceChildren(icon('note'), make('div', {}, foreign(what), ` Your decisions are kept here and will be sent again (${number(jobs.length)}). `,
    make('button', { class: 'btn small', type: 'button', onclick: () => outbox.send() }, 'Send now')));
}

/* ---------- the page ---------- */

function showPlace() {
  const { rows, at } = queue.items;
  byId('where').replaceChildren(make('b', {}, number(at + 1)), ` of ${number(rows.length)}${queue.next === null ? '' : '+'}, by ${queue.only?.name ?? queue.by}`);
}

/** Show the queue in another order; only: {name, query} of some of the documents. */
async function reorder(by, only = null) {
  toast();
  const before = steps;
  try {
    if (!await queue.show(by, only)) return; // another order was asked for meanwhile
    if (steps !== before) { queue.pick(asked); return; } // a document was chosen meanwhile
    if (only) await first();
    else if (by === 'evidence') {
      if (!queue.words.rows.length) await nothing('No word is shared by documents that wait.');
      else focusList('by-evidence');
    } else if (by === 'label') {
      if (!queue.labels.rows.length) await nothing('No label waits.');
      else focusList('by-label');
    } else await first();
  } catch (error) {
    byId('refusals').replaceChildren(refusal(error, 'The queue stays as it was.', () => reorder(by, only)));
  }
}

async function first() {
  const entry = queue.items.rows[0]?.entry;
  if (entry) await open(queue.items.rows.map((row) => row.entry).find(({ holder }) => !holder || holder === person) ?? entry);
  else await finish();
}

async function nothing(sentence) {
  toast(sentence);
  await finish();
}

async function finish() {
  shown = null;
  view('finished');
  await showFinished(byId('finished'), model.name, await progress(model.name), reorder);
}

const KEYS = [
  ['Next, previous document', 'j k'], ['Next, previous label', '↑ ↓'], ['Go to parent, first child', '← →'], ['Scroll the text', 'Space'],
  ['Accept, with all ancestors', 'a'], ['Reject, with all descendants', 'x'], ['Too specific: take the parent', 'h'],
  ['Too general: take the best child', 'l'], ['Take a runner-up instead', '1 2 3'], ['Nothing deeper fits', 'n'],
  ['Add a label by typing', '/'], ['No label fits', 'e'], ['Comment', 'c'], ['Undo', 'u'], ['Submit, next document', 'Enter'],
  ['Set aside for later', 'Shift Enter'], ['Queue by doubt', 'g d'], ['Queue by value for learning', 'g v'],
  ['Queue by label', 'g l'], ['Queue by shared evidence', 'g e'],
];
const comment = commentDialog((said) => outbox.add(shown.item.item, 'comments', { text: said }));
const OF_A_LABEL = {
  a: ({ label }) => decide('accept', label), x: ({ label }) => decide('reject', label), h: up, l: down,
  n: ({ label }) => decide('no_deeper', label), 1: (node) => instead(node, 0), 2: (node) => instead(node, 1), 3: (node) => instead(node, 2),
};
const OF_A_DOCUMENT = {
  '/': () => add(), e: () => decide('none_fits'), c: comment, u: undo, Enter: submit,
  'Shift Enter': () => leave('set-aside', {}, 'Set aside', shown.entry), ' ': () => scroll(1), 'Shift  ': () => scroll(-1),
};
const scroll = (pages) => byId('paper').scrollBy({ top: 0.85 * pages * byId('paper').clientHeight });
const OF_THE_QUEUE = { 'g d': 'doubt', 'g v': 'value', 'g l': 'label', 'g e': 'evidence' };

/** Do what a key does; tells whether it is one. */
function press(key, event = null) {
  if (!queue) return false;
  if (OF_THE_QUEUE[key]) { reorder(OF_THE_QUEUE[key]); return true; }
  if (liesOver() && (OF_A_DOCUMENT[key] || OF_A_LABEL[key])) { // nothing is decided that is not seen
    toast('The queue lies over the document. Choose one, or close the queue: Escape.');
    return true;
  }
  if (document.body.dataset.view === 'evidence') return evidence.press(key);
  if (document.body.dataset.view !== 'item') return false;
  if (key === 'j' || key === 'k') { go(key === 'j' ? 1 : -1); return true; }
  if (!shown) return false;
  if (OF_A_DOCUMENT[key]) { OF_A_DOCUMENT[key](); return true; }
  if (OF_A_LABEL[key]) {
    if (tree.current) OF_A_LABEL[key](tree.current);
    return true;
  }
  if (!event || !/^Arrow|^Home$|^End$/.test(key)) return false;
  tree.focus();
  tree.rows.key(event);
  return true;
}

for (const [name, key] of Object.entries({ undo: 'u', submit: 'Enter', none: 'e', comment: 'c', aside: 'Shift Enter', previous: 'k', following: 'j' })) byId(name).addEventListener('click', () => press(key));
byId('thumb').addEventListener('click', (event) => { const pressed = event.target.closest('[data-act]'); if (pressed) press(pressed.dataset.act); });
for (const radio of document.querySelectorAll('[name=by]')) radio.addEventListener('change', () => reorder(radio.value));
keysOf(KEYS, press);

async function start() {
  byId('refusals').replaceChildren();
  try {
    const models = await begin();
    model = chosenModel(models);
    offerModels(models, model, () => location.reload());
    person = whoIsHere().name;
    text = new Text(person);
    adder ??= new Adder(model.name, {
      chosen: (code, known, below) => { if (below) decide('down', below.label, code, known); else decide('add', code, '', known); },
      done: () => tree.focus(),
      scoreOf: (code) => shown?.marks.nodes.get(code)?.score ?? null,
    });
    evidence = new Evidence(model.name, { done: () => progress(model.name).catch(() => {}) });
    queue = new Queue(model.name, person, { open, only: reorder, evidence: (entry, now) => { asked = 0; view('evidence', { staysOver: !now }); evidence.show(entry); } });
    outbox = new Outbox(person, model.name, { sent, refused, waits });
    await outbox.begun;
    await progress(model.name);
    const wanted = Number(new URLSearchParams(location.search).get('item'));
    if (!wanted) { await reorder('doubt'); return; }
    await queue.show('doubt');
    await open({ item: wanted, id: '', title: '' });
  } catch (error) {
    byId('refusals').replaceChildren(refusal(error, 'Nothing was decided.', start));
  }
}
start();
