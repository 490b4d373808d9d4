/* The document: who reads it, its text with the painted words, what was decided of it. */

import { isMuch, offsets, shade, strength } from './evidence.js';
import { byId, counted, foreign, icon, languageOf, make } from './frame.js';

const SIGNS = { accept: 'check', reject: 'x', up: 'up', down: 'down', instead: 'x', no_deeper: 'check', add: 'plus', none_fits: 'x', comment: 'say', undo: 'undo', submit: 'check', set_aside: 'pause', reopen: 'undo' };

/** Return a moment of the server as people of the page write it; the day too where it is another one. */
export function clock(moment) {
  const then = new Date(moment);
  const time = then.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  return then.toDateString() === new Date().toDateString() ? time : `${then.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })}, ${time}`;
}

export class Text {
  constructor(person) {
    this.person = person;
    this.pieces = []; // {field, start, end, element} of a text that is cut where words begin and end
  }

  /** Show a document: its fields, and how far the readings are. */
  show(item, title) {
    const { title: heading, ...fields } = item.text;
    this.pieces = [];
    byId('paper').setAttribute('aria-busy', 'false');
    byId('title').className = heading ? 'doc title' : 'sr';
    byId('title').replaceChildren(...heading ? this.#field('title', heading, item) : [title]);
    byId('title').lang = languageOf(heading ?? title);
    byId('title').dir = 'auto';
    byId('fields').replaceChildren(...Object.entries(fields).filter(([, text]) => text).map(([name, text], at, all) => make('div', { class: 'part' },
      all.length > 1 ? make('h3', {}, foreign(name)) : null,
      make('div', { class: 'doc', dir: 'auto', lang: languageOf(text) }, ...this.#field(name, text, item)))));
    byId('paper').scrollTop = 0;
    byId('steps').replaceChildren(...this.#steps(item));
    byId('legend').hidden = item.hidden;
  }

  /** Show no document, but a title. */
  clear(title) {
    this.pieces = [];
    byId('title').replaceChildren(title);
    for (const name of ['fields', 'steps', 'spoke-for']) byId(name).replaceChildren();
    byId('legend').hidden = byId('log').hidden = true;
  }

  /** Return a text as pieces, cut wherever a word of a label begins or ends. */
  #field(field, text, { labels }) {
    const cuts = new Set();
    for (const { words } of labels) for (const word of words ?? []) if (word.field === field) cuts.add(word.start).add(word.end);
    const places = offsets(text);
    const sorted = [...cuts].sort((a, b) => a - b);
    const nodes = [text.slice(0, places(sorted[0] ?? 0))];
    sorted.forEach((start, at) => {
      const end = sorted[at + 1];
      const element = make('span', {}, text.slice(places(start), end === undefined ? undefined : places(end)));
      this.pieces.push({ field, start, end: end ?? Infinity, element });
      nodes.push(element);
    });
    if (!sorted.length) nodes.push(text);
    return nodes;
  }

  /** Paint the words of one label; null: none. through: the label below it whose words they are. */
  paint(node, through = null) {
    const words = node?.words ?? [];
    const most = isMuch(words);
    const how = new Map();
    for (const { field, start, end, effect } of words) {
      for (const piece of this.pieces) if (piece.field === field && piece.start >= start && piece.end <= end) how.set(piece, strength(effect, most));
    }
    for (const piece of this.pieces) shade(piece.element, how.get(piece));
    byId('spoke-for').replaceChildren(...node ? ['Spoke for ', make('b', {}, foreign((through ?? node).name)), through ? make('span', {}, ', and so for ', foreign(node.name)) : null].filter(Boolean) : []);
  }

  #steps(item) {
    const own = item.entries.find(({ person }) => person === this.person);
    const since = own ? `you, since ${clock(own.moment)}` : 'you';
    const here = (text) => make('span', {}, make('span', { class: 'tag on' }, text), ' ', since);
    const others = item.readings.filter(({ person }) => person !== this.person).map(({ person, part, submitted }) => make('span', {},
      make('span', { class: 'tag ok' }, icon('check'), part === 'review' ? '2 Reviewed' : '1 Annotated'), ' ', foreign(person), submitted ? `, ${clock(submitted)}` : ''));
    const steps = [...others];
    if (item.audit) steps.push(here('Audit'));
    else if (item.part === 'review') steps.push(here(item.state === 'disputed' ? 'Settle' : '2 Review'));
    else {
      steps.push(here('1 Annotate'));
      if (item.second) steps.push(make('span', { class: 'faint' }, '2 Review, waiting'));
    }
    return [...steps, make('span', { class: 'end code' }, foreign(item.id))];
  }

  /** List what was decided, the newest last; nameOf: the name of a label by its code. */
  list(entries, nameOf) {
    const undone = new Set(entries.map(({ undoes }) => undoes));
    byId('log').hidden = !entries.length;
    byId('entries').replaceChildren(...entries.map((entry) => make('li', { class: undone.has(entry.number) ? 'undone' : null },
      make('time', { datetime: entry.moment }, clock(entry.moment)), icon(SIGNS[entry.action] ?? 'note'),
      make('span', {}, ...sentence(entry, nameOf), entry.person === this.person ? null : make('span', { class: 'faint' }, ' ', foreign(entry.person)),
        undone.has(entry.number) ? make('span', { class: 'sr' }, ', undone') : null))));
  }
}

/** Return in words what an entry of the log says. */
function sentence({ action, label, other, text }, nameOf) {
  const name = (code) => make('b', {}, foreign(nameOf(code)));
  const sentences = {
    accept: () => [name(label), ' accepted'],
    reject: () => [name(label), ' rejected'],
    up: () => [name(label), ' taken up to ', other ? name(other) : 'its parent', ', nothing deeper fits'],
    down: () => [name(label), ' taken down to ', other ? name(other) : 'its best child'],
    instead: () => [name(other), ' instead of ', name(label)],
    no_deeper: () => [name(label), ' accepted, nothing deeper fits'],
    add: () => [name(label), ' added'],
    clear: () => [name(label), ' open again'],
    none_fits: () => ['No label fits'],
    comment: () => [foreign(`“${text}”`)],
    undo: () => ['The last decision undone'],
    submit: () => ['Submitted'],
    set_aside: () => ['Set aside'],
    reopen: () => ['Opened again'],
    settle: () => ['Settled'],
    enqueue: () => ['Queued'],
  };
  return sentences[action]?.() ?? [action.replaceAll('_', ' ')];
}

/** Return in words how many labels are undecided. */
export const leftOf = (open, all) => `${open ? counted(open, 'undecided', 'undecided') : 'All decided'}${all ? ` of ${all}` : ''}`;
