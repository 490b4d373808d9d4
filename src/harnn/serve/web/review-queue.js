/* The queue: documents by doubt, by value or with one label; labels; words shared by documents. */

import { ask, byId, counted, foreign, icon, make, number } from './frame.js';
import { Rows } from './rows.js';

const PAGE = 50;
const NEAR = 10; // rows from the end at which more are asked for
const PAUSE = 150; // milliseconds on a row before it is opened
const LISTS = { doubt: 'items', value: 'items', label: 'by-label', evidence: 'by-evidence' };

export class Queue {
  /** open(entry, now): a document was chosen; only(by, {name, query}): a part of the queue, null: all
      of it; evidence(entry, now): a shared word. Not now: on the way to another. */
  constructor(model, person, { open, only, evidence }) {
    Object.assign(this, { model, person });
    this.by = 'doubt';
    this.only = null; // {name, query}: a part of the documents alone
    this.turn = 0;
    this.next = null;
    this.isAsking = null;
    this.items = new Rows(byId('items'), { fill: (element, row) => fillItem(element, row, person), picked: (row, now = false) => { if (now) byId('items').blur(); open(row.entry, now); }, enters: false }); // a click goes on to the labels
    this.labels = new Rows(byId('by-label'), { fill: fillLabel, picked: (row, now) => { if (now) only('label', { name: row.entry.name, query: { label: row.entry.label } }); } });
    this.words = new Rows(byId('by-evidence'), { fill: fillWord, picked: (row, now = false) => { clearTimeout(this.timer); this.timer = setTimeout(() => evidence(row.entry, now), now ? 0 : PAUSE); } });
    byId('all').addEventListener('click', () => only(this.by, null));
  }

  get current() { return this.items.current?.entry ?? null; }

  /** Return the document after (before) the current one; null: there is none. */
  beside(step) { return this.items.rows[this.items.at + step]?.entry ?? null; }

  /** Return the next document that waits, behind the current one, else the first one. */
  nextOpen() {
    const { rows, at } = this.items;
    const isWaiting = ({ entry }) => !entry.isDone && (!entry.holder || entry.holder === this.person) && entry !== this.current;
    return [...rows.slice(at + 1), ...rows.slice(0, Math.max(0, at))].find(isWaiting)?.entry ?? null;
  }

  /** Show the queue in an order (doubt, value, label, evidence), or a part of its documents;
      returns whether it is still the one that is wanted. */
  async show(by, only = null) {
    clearTimeout(this.timer); // a word that was picked opens no more
    this.by = by;
    this.only = only;
    const turn = ++this.turn;
    this.#reveal(only ? 'items' : LISTS[by]);
    if (only) await this.load();
    else if (by === 'label') {
      const { labels } = await this.#ask('labels');
      if (turn !== this.turn) return false;
      const most = Math.max(1, ...labels.map(({ open }) => open));
      this.labels.show(labels.map((entry) => ({ key: entry.label, entry, most })));
      if (labels.length) this.labels.pick(0, false);
    } else if (by === 'evidence') {
      const { evidence } = await this.#ask('evidence');
      if (turn !== this.turn) return false;
      this.words.show(evidence.map((entry) => ({ key: entry.key, entry })));
      if (evidence.length) this.words.pick(0);
    } else await this.load();
    return turn === this.turn;
  }

  #reveal(list) {
    for (const name of new Set(Object.values(LISTS))) byId(name).hidden = name !== list;
    for (const radio of document.querySelectorAll('[name=by]')) radio.checked = radio.value === this.by;
    byId('chosen').hidden = !this.only;
    byId('all').textContent = this.by === 'label' ? 'All labels' : 'All documents';
    byId('chosen-name').textContent = this.only?.name ?? '';
  }

  /** Ask for the documents again, and show the first ones; returns how many there are. */
  async load() {
    const { turn } = this;
    const answer = await this.#ask('queue', this.#query());
    if (turn !== this.turn) return answer.items.length; // of an order that nobody wants any more
    this.next = answer.next ?? null;
    this.items.show(answer.items.map(rowOf), null);
    return answer.items.length;
  }

  /** Ask for more where the cursor comes near the end. */
  async more() {
    if (this.next === null || this.isAsking || this.items.rows.length - this.items.at > NEAR) return;
    const { turn } = this;
    this.isAsking = this.#ask('queue', { ...this.#query(), after: this.next });
    try {
      const answer = await this.isAsking;
      if (turn !== this.turn) return;
      this.next = answer.next ?? null;
      const known = new Set(this.items.rows.map(({ key }) => key));
      this.items.show([...this.items.rows, ...answer.items.map(rowOf).filter(({ key }) => !known.has(key))]);
    } catch { /* it is asked for again at the next step */ } finally { this.isAsking = null; }
  }

  /** Put the cursor on a document, and say how it is now. */
  pick(item, tell = false) { this.items.pickKey(item, tell); }

  note(item, changes) {
    const row = this.items.rows.find(({ key }) => key === item);
    if (!row) return;
    Object.assign(row.entry, changes);
    this.items.refresh();
  }

  #query() { return { order: this.by === 'value' ? 'value' : 'doubt', limit: PAGE, ...this.only?.query }; }

  #ask(what, query = {}) { return ask('GET', `/v1/review/${what}?${new URLSearchParams({ model: this.model, ...query })}`); }
}

const rowOf = (entry) => ({ key: entry.item, entry });

function fillItem(element, { entry }, person) {
  const [sign, kind, word] = stateOf(entry);
  const hint = entry.isDone ? word : entry.blind && !entry.hint ? 'Blind' : entry.hint;
  const held = entry.holder && entry.holder !== person && !entry.isDone ? [make('span', {}, ' ', foreign(entry.holder), ' has it open')] : [];
  element.classList.add('item');
  element.append(
    make('span', { class: `mark ${kind}`, 'aria-hidden': 'true' }, sign ? icon(sign) : null), make('span', { class: 'sr' }, `${word}: `),
    make('span', { class: 'it' }, foreign(entry.title || entry.id || `Document ${entry.item}`), make('small', {}, foreign(hint ?? ''), ...held)),
  );
}

function stateOf(entry) {
  if (entry.isDone) return ['check', 'acc', entry.isDone];
  if (entry.disputed) return ['two', 'flag', 'two people disagree'];
  if (entry.blind) return ['hid', 'blind', "blind: the model's answer is hidden"];
  if (entry.state === 'set_aside') return ['pause', '', 'set aside'];
  return entry.state === 'annotated' ? ['check', 'imp', 'to be read a second time'] : ['', '', 'undecided'];
}

function fillLabel(element, { entry: { name, label, open, accepted, rejected }, most }) {
  const bar = make('span', { class: 'dbar', 'aria-hidden': 'true' });
  bar.style.setProperty('--n', open / most);
  const said = accepted + rejected ? `, ${number(accepted)} right, ${number(rejected)} wrong so far` : '';
  element.classList.add('item');
  element.append(make('span', { class: 'it' }, make('span', { class: 'first' }, foreign(name), name === label ? null : make('span', { class: 'code' }, label)),
    make('small', {}, `${counted(open, 'document')}${said}`), bar));
}

function fillWord(element, { entry: { word, name, documents, right, wrong } }) {
  const said = right + wrong ? `, ${number(right)} right, ${number(wrong)} wrong so far` : '';
  element.classList.add('item');
  element.append(make('span', { class: 'it' }, make('span', { class: 'first' }, foreign(`“${word}”`, { class: 'strong' }), make('span', {}, 'for ', foreign(name))),
    make('small', {}, `${counted(documents, 'document')}${said}`)));
}
